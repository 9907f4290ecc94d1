// SPDX-License-Identifier: Apache-2.0
import { type AlarmPorts, clear, raise } from '#core/watch/alarm.ts'
import { isSilent, type ThisNode } from './this-node.ts'

/**
 * Raises an alarm for each node that was cut off, and clears those of nodes that are heard again, were
 * started anew in their place, or were forgotten.
 */
export async function tellSilentNodes(node: ThisNode, ports: AlarmPorts): Promise<void> {
  if (!node.isShared) return
  const now = node.sharedClock.now()
  const silent = (await node.running()).filter((one) => isSilent(one, now))
  for (const { id, name, host, seenAt } of silent) {
    await raise(
      {
        ...{ kind: 'node-silent', subject: id, severity: 'warning' },
        text: `node ${name} on ${host} was last seen ${seenAt}`,
        facts: { node: name, host, seenAt: seenAt.toString() },
      },
      ports,
    )
  }
  const still = new Set(silent.map(({ id }) => id))
  const told = await ports.ledger.list('alarm', {
    ...{ by: 'kind', equal: ['node-silent', 'open'], limit: 1000 },
  })
  for (const { subject } of told.items)
    if (!still.has(subject)) await clear('node-silent', subject, ports)
}
