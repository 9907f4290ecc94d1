// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal')
const recipient = z.object({ name: z.string(), recipient: z.string() })

/** A signed checkpoint in the note format (C2SP tlog-checkpoint). */
const checkpoint = z.string().max(10_000)

export const backupView = z.object({
  id: id('bak'),
  file: z.string(),
  sha256,
  /** Bytes of the encrypted file. */
  size: z.int(),
  moment: instant,
  epoch: z.int(),
  logSize: z.int(),
  logRootSha256: sha256,
  rows: z.int(),
  withRoot: z.boolean(),
  recipients: z.array(recipient),
  madeBy: z.string(),
  madeAt: instant,
})

/** The list of a part has at most some thousand entries, of 50 characters each. */
const crlPem = z.string().min(1).max(250_000)

/** One line of the answer while a backup is made. */
export const backupLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), rows: z.int(), of: z.int(), bytes: z.int() }),
  z.object({
    kind: z.literal('done'),
    backup: backupView,
    /** Authorities whose keys are in a token or TPM, and so in no backup, each with where. */
    keysElsewhere: z.array(z.string()),
    /** Artefacts of which their digests are in it, and not their octets. */
    artefacts: z.int(),
  }),
  z.object({ kind: z.literal('stopped'), reason: z.string(), detail: z.string() }),
])

export const logHeadView = z.object({
  id: id('lgh'),
  kind: z.enum(['restored', 'lost']),
  epoch: z.int(),
  origin: z.string(),
  size: z.int(),
  rootSha256: sha256,
  checkpoint: checkpoint.nullable(),
  addedBy: z.string(),
  addedAt: instant,
})

export const backup = {
  'backup.make': operation({
    kind: 'lines',
    method: 'POST',
    path: '/backups',
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      file: z
        .string()
        .min(1)
        .max(4096)
        .describe('where the server writes it, on its own machine; nothing is replaced'),
      recipients: z
        .array(z.string().min(1).max(4096))
        .max(100)
        .default([])
        .describe('whose identity opens it: an age recipient, which begins with age1'),
      recipientsFile: z
        .string()
        .max(1_000_000)
        .optional()
        .describe('recipients, one a line, each after the name of a person: NAME age1…'),
      withRoot: z
        .boolean()
        .default(false)
        .describe('put the root keys in too, which otherwise stay where they are'),
    }),
    output: backupLine,
    summary: 'make a backup while serving',
    help: 'Holds all that the installation is at this moment: the ledger, the log, the sealed keys, the configuration. Never the passphrase nor the unlock file: keep them elsewhere, for without them the keys of a backup stay shut. Keys in a token or TPM are in no backup: it says which.',
    positional: ['file'],
    flags: { recipients: 'to' },
    files: ['recipientsFile'],
  }),

  'backup.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/backups',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: backupView,
    summary: 'list the backups that were made',
    help: 'Newest first, each with the digest of its file. Whether a file is still where it was written is not looked at.',
  }),

  'backup.report': operation({
    kind: 'plain',
    method: 'GET',
    path: '/restores',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.object({
      epoch: z.int(),
      restores: z.array(
        z.object({
          epoch: z.int(),
          at: instant,
          moment: instant,
          backupSha256: sha256,
          logSize: z.int(),
          logRootSha256: sha256,
          logOrigin: z.string(),
        }),
      ),
      heads: z.array(logHeadView),
      learntCount: z.int(),
      learnt: z.array(
        z.object({
          certificate: id('crt'),
          serialNumber: z.string(),
          device: id('dev'),
          serial: z.string(),
          epoch: z.int(),
          at: instant,
        }),
      ),
    }),
    summary: 'tell what restores did',
    help: 'Shows the epochs, the heads of the log that are not continued, and the certificates that were learnt from their devices, the newest 1,000.',
  }),

  'backup.note-drill': operation({
    kind: 'plain',
    method: 'POST',
    path: '/backups/drills',
    role: 'administrator',
    input: z.strictObject({
      backupSha256: sha256.describe('the digest of the backup file'),
      evidenceSha256: sha256.describe('the digest of the evidence file'),
      good: z.boolean().describe('whether all went well'),
    }),
    output: z.object({ note: checkpoint }),
    summary: 'book the result of a restore drill',
    help: 'Signs the digest of the evidence with the key of the log. "backup drill" does this by itself where a server runs.',
    positional: ['backupSha256', 'evidenceSha256'],
  }),

  'backup.learn-crl': operation({
    kind: 'plain',
    method: 'POST',
    path: '/restores/crls',
    role: 'administrator',
    input: z.strictObject({ crl: crlPem.describe('a revocation list of the lost time (PEM)') }),
    output: z.object({
      authority: id('aut'),
      number: z.int(),
      revoked: z.int(),
      unknown: z.int(),
      unchanged: z.int(),
    }),
    summary: 'revoke anew what a list of the lost time lists',
    help: 'For a list that one of our authorities signed after the backup and somebody kept, in PEM or DER. What it lists is revoked here, also before the certificate is known; "unknown" counts those.',
    positional: ['crl'],
    files: ['crl'],
  }),

  'log.heads': operation({
    kind: 'list',
    method: 'GET',
    path: '/log/heads',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: logHeadView,
    summary: 'list the heads that the log does not continue',
    help: 'Those of the backups that were restored, and those of the time that was lost, as far as somebody kept them.',
  }),

  'log.add-head': operation({
    kind: 'plain',
    method: 'POST',
    path: '/log/heads',
    role: 'administrator',
    creates: true,
    input: z.strictObject({
      checkpoint: checkpoint.describe('a checkpoint of the lost time, as somebody kept it'),
    }),
    output: logHeadView,
    summary: 'keep a checkpoint of the time that a restore lost',
    help: "It is verified with the log's key, and kept beside the head that was restored.",
    positional: ['checkpoint'],
    files: ['checkpoint'],
  }),
} as const
