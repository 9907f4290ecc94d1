// SPDX-License-Identifier: Apache-2.0
import { CursorError } from '#core/ledger/ledger.ts'
import type { NodeRecord } from '#core/ledger/tables.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { NodeView } from '#format/admin/operations/nodes.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { isSilent } from '../nodes/this-node.ts'

/** The servers of the installation. */
export function nodeVerbs({ ledger, thisNode }: Core): Pick<Verbs, 'node.list'> {
  return {
    'node.list': async ({ ended, limit, after }) => {
      const order = ended ? { descending: true } : { by: 'running' as const }
      try {
        const page = await ledger.list('node', { ...order, limit, ...(after && { after }) })
        const now = thisNode.sharedClock.now()
        return {
          items: page.items.map((node) => showNode(node, node.id === thisNode.id, now)),
          next: page.next,
        }
      } catch (error) {
        if (!(error instanceof CursorError)) throw error
        return refuse('input-wrong', `after: "${after}" is no cursor of this list`)
      }
    },
  }
}

function showNode(node: NodeRecord, isHere: boolean, now: Temporal.Instant): NodeView {
  return {
    ...{ id: node.id, name: node.name, state: stateOf(node, now), isHere },
    ...{ host: node.host, process: node.process, programVersion: node.programVersion },
    addresses: node.addresses,
    startedAt: node.startedAt.toString(),
    seenAt: node.seenAt.toString(),
    stoppedAt: node.stoppedAt?.toString() ?? null,
    clockAheadMilliseconds: node.clockAheadMilliseconds,
  }
}

function stateOf(node: NodeRecord, now: Temporal.Instant): NodeView['state'] {
  if (node.stoppedAt !== null) return 'stopped'
  if (node.runningSince === null) return 'cut-off'
  return isSilent(node, now) ? 'silent' : 'running'
}
