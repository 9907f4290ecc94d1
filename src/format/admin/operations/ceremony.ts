// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const ceremonyView = z.object({
  id: id('cer'),
  vault: z.string(),
  act: z.int(),
  title: z.string(),
  environment,
  heldAt: instant,
  bundleSha256: sha256,
  scriptSha256: sha256,
  transcriptSha256: sha256,
  previousSha256: sha256.nullable(),
  importedBy: z.string(),
  importedAt: instant,
})

const ceremonyId = id('cer').describe('the ceremony')

/** What people made together, away from every server. */
export const ceremony = {
  'ceremony.import': operation({
    kind: 'plain',
    method: 'POST',
    path: '/ceremonies',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    // A bundle has 4 MiB at most (format/ceremony); as JSON text in JSON it grows by its quotes.
    bodyBytes: 8_388_608,
    input: z.strictObject({
      bundle: z.string().min(1).max(6_000_000).describe('the bundle that the ceremony wrote'),
    }),
    output: z.object({
      ceremony: ceremonyView,
      changed: z.boolean(),
      roots: z.array(authorityView),
      authorities: z.array(authorityView),
      others: z.int(),
      lists: z.int(),
      links: z.int(),
      linksLeft: z.int(),
    }),
    summary: 'take what a ceremony made',
    help: 'Verifies every signature, digest and line of the transcript, then takes all of it at once: the roots without their keys, the certificates that answer requests of this server, the lists, and the links between roots that are here, by which devices are led from then on. Works before the server ever served, and again without effect.',
    positional: ['bundle'],
    files: ['bundle'],
  }),

  'ceremony.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/ceremonies',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: ceremonyView,
    summary: 'list the ceremonies that were imported',
    help: 'Newest first, each with the digests that were read aloud.',
  }),

  'ceremony.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/ceremonies/:ceremony',
    role: 'auditor',
    input: z.strictObject({ ceremony: ceremonyId }),
    output: z.object({
      ceremony: ceremonyView,
      people: z.array(z.object({ role: z.string(), name: z.string() })),
      transcript: z.array(
        z.object({
          number: z.int(),
          at: instant,
          step: z.string(),
          what: z.string(),
          by: z.string(),
          facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        }),
      ),
    }),
    summary: 'show a ceremony with its transcript',
    help: 'Who was there, and what was done, confirmed and made, line by line.',
    positional: ['ceremony'],
  }),

  'ceremony.export': operation({
    kind: 'plain',
    method: 'GET',
    path: '/ceremonies/:ceremony/export',
    role: 'auditor',
    input: z.strictObject({ ceremony: ceremonyId }),
    output: z.object({ bundle: z.string() }),
    summary: 'give out the bundle of a ceremony',
    help: 'As it was imported, to be verified without this server by "ceremony verify".',
    positional: ['ceremony'],
  }),
} as const
