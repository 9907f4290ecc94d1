// SPDX-License-Identifier: Apache-2.0
import type { Later } from './connection/answer.ts'
import { DeviceFault } from './fault.ts'
import { type Kept, keepUp } from './keep-up.ts'
import { patience, pauseAfter } from './patience.ts'
import type { Chance, DevicePorts } from './ports.ts'
import type { Refused } from './refusal.ts'

/** What one pass of the daemon came to. */
export type Pass = Kept | Refused | Later | DeviceFault

/**
 * Keeps the device's identity up, for ever: it ends only when `ports.wait` rejects.
 *
 * No "no" and no break ends it, for nobody stands beside a device: it comes back after a pause that
 * grows with each failure, up to an hour.
 */
export async function run(ports: DevicePorts, tell: (pass: Pass) => void): Promise<never> {
  for (let failures = 0; ; ) {
    const pass = await passOnce(ports)
    tell(pass)
    failures = isGood(pass) ? 0 : failures + 1
    await ports.wait(isGood(pass) ? untilNext(pass, ports.chance) : pauseFor(pass, failures, ports))
  }
}

async function passOnce(ports: DevicePorts): Promise<Pass> {
  try {
    return await keepUp(ports, { now: false })
  } catch (error) {
    if (error instanceof DeviceFault) return error
    throw error
  }
}

function isGood(pass: Pass): pass is Kept {
  return !(pass instanceof DeviceFault) && pass.kind === 'kept'
}

/** Until it is due, at most a day; a tenth less by chance, so that a fleet drifts apart. */
function untilNext({ untilDue }: Kept, chance: Chance): Temporal.Duration {
  const untilDueSeconds = Math.max(untilDue.total('seconds'), 0)
  const checkSeconds = patience.checkSeconds * (1 - chance.fraction() / 10)
  const seconds = Math.max(Math.min(untilDueSeconds, checkSeconds), patience.leastCheckSeconds)
  return Temporal.Duration.from({ milliseconds: Math.ceil(seconds * 1000) })
}

function pauseFor(pass: Exclude<Pass, Kept>, failures: number, { chance }: DevicePorts) {
  const later = !(pass instanceof DeviceFault) && pass.kind === 'later'
  const retryAfterSeconds = later ? pass.retryAfterSeconds : undefined
  return pauseAfter(failures, retryAfterSeconds, patience.longestDaemonSeconds, chance)
}
