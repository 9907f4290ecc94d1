// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import type { Change, Committed, Ledger } from '#core/ledger/ledger.ts'
import type { Metrics } from './metrics.ts'

/** The ledger, with each commit measured; reads go straight through. */
export function measuredLedger(ledger: Ledger, metrics: Metrics, now: () => number): Ledger {
  let waiting = 0
  const note = (change: number) => {
    waiting += change
    metrics.set('vitalsign_commits_waiting', {}, waiting)
  }
  note(0)
  metrics.add('vitalsign_commit_conflicts_total', {}, 0)
  const commit = async (change: Change): Promise<Committed> => {
    const began = now()
    note(1)
    try {
      const committed = await ledger.commit(change)
      if (committed.kind === 'conflict') metrics.add('vitalsign_commit_conflicts_total', {})
      else metrics.observe('vitalsign_commit_seconds', {}, (now() - began) / 1_000)
      return committed
    } catch (error) {
      const fault = error instanceof Fault ? error.code : 'other'
      metrics.add('vitalsign_commits_failed_total', { fault })
      throw error
    } finally {
      note(-1)
    }
  }
  return {
    commit,
    read: (kind, id) => ledger.read(kind, id),
    find: (kind, key, values) => ledger.find(kind, key, values),
    list: (kind, query) => ledger.list(kind, query),
    count: (kind, query) => ledger.count(kind, query),
  }
}
