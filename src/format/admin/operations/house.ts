// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'
import { eventView } from '../views.ts'

/** A signed checkpoint in the note format (C2SP tlog-checkpoint). */
const checkpoint = z.string().max(10_000)

export const house = {
  'log.show': operation({
    kind: 'list',
    method: 'GET',
    path: '/log',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      subject: z.string().max(64).optional().describe('only events about this id'),
      type: z.string().max(64).optional().describe('only events of this type'),
    }),
    output: eventView,
    summary: 'show the log',
    help: 'Newest first. Every act that changes trust stands here, and every refusal.',
  }),

  'log.verify': operation({
    kind: 'plain',
    method: 'POST',
    path: '/log/verify',
    role: 'auditor',
    input: z.strictObject({
      since: checkpoint
        .optional()
        .describe('an earlier checkpoint; the log must have grown from it'),
    }),
    output: z.object({
      good: z.boolean(),
      size: z.int(),
      rootSha256: z.string(),
      checkpoint,
      findings: z.array(z.object({ index: z.int().nullable(), finding: z.string() })),
    }),
    summary: 'verify the log against the ledger',
    help: 'Recomputes every commitment and matches log and ledger one to one. To verify without believing the server, export the log and verify the file.',
    files: ['since'],
  }),

  'log.export': operation({
    kind: 'lines',
    method: 'GET',
    path: '/log/export',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.unknown(),
    summary: 'give out the whole log as a file',
    help: 'The file can be verified offline, with an earlier checkpoint as a witness.',
  }),

  status: operation({
    kind: 'plain',
    method: 'GET',
    path: '/status',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.object({
      version: z.string(),
      environment,
      claimed: z.boolean(),
      startedAt: instant,
      addresses: z.object({
        devices: z.string(),
        /** Where devices are let in that know no TLS 1.3; null: nowhere. */
        legacy: z.string().nullable(),
        operators: z.string(),
        status: z.string(),
      }),
      rootSha256: z.string(),
      /** The root of the chain that withstands quantum computers; null if there is none. */
      twinRootSha256: z.string().nullable(),
      counts: z.object({
        products: z.int(),
        devices: z.int(),
        certificates: z.int(),
        expiringSoon: z.int(),
      }),
      alarms: z.object({ critical: z.int(), warning: z.int(), notice: z.int() }),
      log: z.object({
        size: z.int(),
        checkpointAt: instant.nullable(),
        /** 1 until it is restored for the first time. */
        epoch: z.int(),
        restoredAt: instant.nullable(),
      }),
      nodes: z.array(z.object({ name: z.string(), host: z.string(), seenAt: instant })),
      warnings: z.array(z.string()),
    }),
    summary: 'show how the installation is',
    help: 'Shows the addresses, the fingerprint of the root, what is here, and what needs care.',
  }),

  doctor: operation({
    kind: 'plain',
    method: 'GET',
    path: '/doctor',
    role: 'auditor',
    input: z.strictObject({
      production: z
        .boolean()
        .default(false)
        .describe('ask for all that real devices in the field need'),
    }),
    output: z.object({
      good: z.boolean(),
      findings: z.array(
        z.object({
          check: z.string(),
          verdict: z.enum(['good', 'warning', 'bad']),
          found: z.string(),
          remedy: z.string().nullable(),
        }),
      ),
    }),
    summary: 'look for what is wrong or missing',
    help: 'Each finding says what was looked at, what was found, and what to do.',
  }),

  explain: operation({
    kind: 'plain',
    method: 'GET',
    path: '/words/:word',
    role: 'public',
    input: z.strictObject({
      word: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9 .-]{0,63}$/, 'not a word')
        .describe('a word of this product, or the code of a refusal'),
    }),
    output: z.object({
      word: z.string(),
      means: z.string(),
      /** What to do about it, for a refusal. */
      remedy: z.string().nullable(),
      standard: z.string().nullable(),
    }),
    summary: 'say what a word or a refusal means and what to do',
    help: 'Knows every word that this product uses, and every reason for which it refuses.',
    positional: ['word'],
  }),
} as const
