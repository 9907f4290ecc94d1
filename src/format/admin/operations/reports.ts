// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { environment, id, instant, label, paging } from '../fields.ts'
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

/** A rule that was relaxed. */
const exceptionView = z.object({
  id: id('exc'),
  rule: z.string(),
  /** What it is about, by its id, and as people call it. */
  subject: z.string(),
  subjectName: z.string().nullable(),
  /** The people who stand behind it, or what let it happen, as a profile does. */
  grantedBy: z.string(),
  reason: z.string(),
  until: instant.nullable(),
  createdAt: instant,
})

export const reports = {
  'exception.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/exceptions',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      rule: label.optional().describe('only where this rule was relaxed'),
      subject: label.optional().describe('only about what has this id'),
    }),
    output: exceptionView,
    summary: 'list the rules that were relaxed',
    help: 'The newest first: which rule, for what, who let it happen, why, and until when. None is ever changed or taken away. What a rule asks: "vitalsign explain RULE".',
  }),

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
