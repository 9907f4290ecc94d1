// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, instant } from '../fields.ts'
import { operation } from '../operation.ts'

/** One type of credential and its life, each member a sentence. */
export const credentialRow = z.object({
  type: z.string(),
  standard: z.string(),
  holder: z.string(),
  algorithms: z.array(z.object({ name: z.string(), strength: z.int() })),
  generated: z.string(),
  stored: z.string(),
  configured: z.string(),
  transferred: z.string(),
  verified: z.string(),
  validity: z.string(),
  renewed: z.string(),
  revoked: z.string(),
  destroyed: z.string(),
  profile: z.object({ name: z.string(), version: z.int() }).nullable(),
  entrances: z.array(z.string()),
  counts: z.object({ issued: z.int(), revoked: z.int() }).nullable(),
})

export const reports = {
  'report.credentials': operation({
    kind: 'plain',
    method: 'GET',
    path: '/reports/credentials',
    role: 'auditor',
    input: z.strictObject({}),
    output: z.object({
      at: instant,
      version: z.string(),
      environment,
      rootSha256: z.string(),
      log: z.object({ size: z.int(), rootSha256: z.string() }),
      credentials: z.array(credentialRow),
    }),
    summary: 'tell the life of every type of credential',
    help: 'Says of each type how it is made, kept, configured, moved, checked, renewed, revoked and destroyed: the list that FDA premarket guidance asks for in its appendix 2. It is made from the profiles and the ledger as they are now, and names the log that it was made from.',
  }),
} as const
