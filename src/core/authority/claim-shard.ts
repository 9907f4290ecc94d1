// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Setting } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

const settingName = 'next-shard'

/** A number may be lost to another node this often; each time the next one is tried. */
const mostTries = 20

/**
 * Claims a CRL shard that no certificate has and nobody else will get, on any number of nodes.
 *
 * @throws Fault as `Ledger.commit` does; `store-unreachable` if others always win
 */
export async function claimShard(ports: {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}): Promise<number> {
  const { ledger, clock } = ports
  for (let tries = 0; tries < mostTries; tries++) {
    const found = await ledger.find('setting', 'name', [settingName])
    const shard = found === undefined ? await firstUnused(ledger) : Number(found.value)
    const record: Setting = {
      id: found?.id ?? newId('setting', ports),
      version: (found?.version ?? 0) + 1,
      ...{ name: settingName, value: shard + 1, changedAt: clock.now() },
    }
    const { kind } = await ledger.commit({ puts: [{ kind: 'setting', record }], events: [] })
    if (kind === 'committed') return shard
  }
  throw new Fault('store-unreachable', `the number of a shard was lost ${mostTries} times in a row`)
}

/** Before shards were claimed: ids sort by time, and shards only grew. */
async function firstUnused(ledger: Ledger): Promise<number> {
  const { items } = await ledger.list('certificate', { descending: true, limit: 50 })
  return items.reduce((highest, { shard }) => Math.max(highest, shard), -1) + 1
}
