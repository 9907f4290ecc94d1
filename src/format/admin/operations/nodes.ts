// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const nodeView = z.object({
  id: id('nod'),
  name: z.string(),
  state: z.enum(['running', 'silent', 'stopped', 'cut-off']),
  isHere: z.boolean(),
  host: z.string(),
  process: z.int(),
  programVersion: z.string(),
  addresses: z.object({ devices: z.string(), operators: z.string(), status: z.string() }),
  startedAt: instant,
  seenAt: instant,
  stoppedAt: instant.nullable(),
  clockAheadMilliseconds: z.int().nullable(),
})

export type NodeView = z.output<typeof nodeView>

export const nodes = {
  'node.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/nodes',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      ended: z.boolean().default(false).describe('also those that have ended, newest first'),
    }),
    output: nodeView,
    summary: 'list the servers of this installation',
    help: 'Each start of a server is a node. Several can serve from one PostgreSQL database; each gives a sign of life every 20 seconds.',
  }),
} as const
