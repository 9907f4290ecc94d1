// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { done, id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'

export const digest = z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hexadecimal digits')
const count = z.int().min(0)
/** A name that every file system can hold; what an artefact and its signed form are called on devices. */
export const fileName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
    'not a file name of letters, digits and . _ + -, at most 128',
  )

const uploadView = z.object({
  /** Null where nothing needs to be sent: the octets are here. */
  upload: id('upl').nullable(),
  sha256: digest,
  octets: count,
  offset: count,
  complete: z.boolean(),
})

const upload = id('upl').describe('the upload')
/** As in draft-ietf-httpbis-resumable-upload. */
const heads = { offset: 'upload-offset', octets: 'upload-length', complete: 'upload-complete' }

export const artefacts = {
  'artefact.upload': operation({
    kind: 'plain',
    method: 'POST',
    path: '/artefacts/uploads',
    role: 'operator',
    builders: true,
    creates: true,
    heads,
    input: z.strictObject({
      name: fileName.describe('what it is called'),
      octets: z.int().min(1).describe('how large it is'),
      sha256: digest.describe('SHA-256 of it, in hexadecimal'),
    }),
    output: uploadView,
    summary: 'upload an artefact, and go on where it was cut off',
    help: 'Octets are kept by their SHA-256 and are sent in parts, each from where the server is; a cut connection costs what was on its way, and nothing of what was answered. Whoever asks for the same upload again hears how far it is. Octets that are here already are not sent again. What nothing needs is removed after 30 days, and an upload to which nothing comes after three.',
  }),

  'artefact.progress': operation({
    kind: 'plain',
    method: 'GET',
    path: '/artefacts/uploads/:upload',
    role: 'operator',
    builders: true,
    heads,
    input: z.strictObject({ upload }),
    output: uploadView,
    summary: 'say how far an upload is',
    help: 'Whatever it counts survives a crash of the server. The head of the answer says the same, as the draft of resumable uploads has it.',
    positional: ['upload'],
  }),

  'artefact.append': operation({
    kind: 'append',
    uploadType: 'application/partial-upload',
    method: 'PATCH',
    path: '/artefacts/uploads/:upload',
    role: 'operator',
    builders: true,
    heads,
    fields: { offset: 'upload-offset' },
    input: z.strictObject({
      upload,
      offset: count.describe('where what is sent begins: the end of what is here'),
    }),
    output: uploadView,
    summary: 'add octets to an upload',
    help: 'With the last octet the digest is compared: octets that are not what was announced are removed.',
    positional: ['upload'],
  }),

  'artefact.abandon': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/artefacts/uploads/:upload',
    role: 'operator',
    input: z.strictObject({ upload }),
    output: done,
    summary: 'give an upload up',
    help: 'What came so far is removed.',
    positional: ['upload'],
  }),

  'artefact.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/artefacts',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z.enum(['kept', 'gone']).default('kept').describe('kept, or removed since'),
    }),
    output: z.object({
      id: id('obj'),
      sha256: digest,
      octets: count,
      state: z.enum(['kept', 'gone']),
      storedBy: z.string(),
      storedAt: instant,
      wantedAt: instant,
    }),
    summary: 'list the octets that are kept',
    help: 'By when something last asked for them, the latest first.',
  }),

  'artefact.download': operation({
    kind: 'octets',
    method: 'GET',
    path: '/artefacts/:digest',
    role: 'auditor',
    input: z.strictObject({
      digest: digest.describe('SHA-256 of the octets'),
      name: fileName.optional().describe('what the file is to be called'),
    }),
    output: z.string(),
    summary: 'fetch octets by their digest',
    help: 'A range may be asked, so that a cut transfer goes on. The command line checks the digest of what came.',
    positional: ['digest'],
  }),
} as const
