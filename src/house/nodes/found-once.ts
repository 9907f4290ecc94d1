// SPDX-License-Identifier: Apache-2.0
import type { IssuingPorts } from '#core/authority/issue.ts'
import { freeAt, Hold, renewMilliseconds } from '#edge/clock/hold.ts'
import type { Configuration } from '../configuration.ts'
import { found, type Installation, readInstallation } from '../foundation.ts'
import type { ThisNode } from './this-node.ts'

/** The hold's name among the jobs. */
const name = 'founding'

/**
 * Founds the installation, or takes it as it was founded: of nodes that start at the same moment on an
 * empty database one does it, and the others wait for it.
 *
 * @throws Fault as `found` does
 */
export async function foundOnce(
  configuration: Configuration,
  node: ThisNode,
  ports: IssuingPorts & { readonly pause: (milliseconds: number) => Promise<void> },
): Promise<Installation> {
  if (!node.isShared) return found(configuration, ports)
  for (;;) {
    if ((await readInstallation(ports.ledger)) !== undefined) return found(configuration, ports)
    const hold = await take(node, ports)
    if (hold !== undefined) return foundUnder(hold, configuration, node, ports)
    await ports.pause(200)
  }
}

async function take(node: ThisNode, ports: IssuingPorts): Promise<Hold | undefined> {
  const job = await ports.ledger.find('job', 'name', [name])
  if (job !== undefined) {
    const isFree = Temporal.Instant.compare(freeAt(job), node.sharedClock.now()) <= 0
    // Whoever began and died is not waited for once it was started again.
    const holder = (await node.running()).find((one) => one.name === job.holder)
    if (!isFree && holder !== undefined) return undefined
  }
  const { ledger, random } = ports
  const { sharedClock: clock } = node
  return Hold.take(name, job, { ledger, random, clock, node: node.name })
}

async function foundUnder(
  hold: Hold,
  configuration: Configuration,
  node: ThisNode,
  ports: IssuingPorts,
): Promise<Installation> {
  const renewing = setInterval(() => void hold.renew(), renewMilliseconds)
  try {
    return await found(configuration, ports)
  } finally {
    clearInterval(renewing)
    // Not given back it ends by itself; what broke the founding is what is to be told.
    await hold.giveBack(node.sharedClock.now(), 'done', []).catch(() => {})
  }
}
