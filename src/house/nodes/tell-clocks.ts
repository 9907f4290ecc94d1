// SPDX-License-Identifier: Apache-2.0
import { type AlarmPorts, clear, raise } from '#core/watch/alarm.ts'
import { mostApartMilliseconds } from './node-checks.ts'
import { isSilent, type ThisNode } from './this-node.ts'

/**
 * Raises an alarm for each node whose clock is apart from the database's, and clears those of clocks that
 * were set right. It is told by the clock that all agree on: an event of the future would stop the others.
 */
export async function tellWrongClocks(node: ThisNode, ports: AlarmPorts): Promise<void> {
  if (!node.isShared) return
  const shared = { ...ports, clock: node.sharedClock }
  const now = node.sharedClock.now()
  const wrong = new Set<string>()
  for (const one of await node.running()) {
    const ahead = one.clockAheadMilliseconds ?? 0
    if (isSilent(one, now) || Math.abs(ahead) <= mostApartMilliseconds) continue
    wrong.add(one.id)
    const seconds = Math.round(Math.abs(ahead) / 1_000)
    const side = ahead > 0 ? 'ahead of' : 'behind'
    await raise(
      {
        ...{ kind: 'clock-apart', subject: one.id, severity: 'critical' },
        text: `the clock of node ${one.name} on ${one.host} is ${seconds} s ${side} the database's`,
        facts: { node: one.name, host: one.host, secondsAhead: Math.sign(ahead) * seconds },
      },
      shared,
    )
  }
  const told = await ports.ledger.list('alarm', {
    ...{ by: 'kind', equal: ['clock-apart', 'open'], limit: 1000 },
  })
  for (const { subject } of told.items)
    if (!wrong.has(subject)) await clear('clock-apart', subject, shared)
}
