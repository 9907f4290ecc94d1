// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Later } from './connection/answer.ts'
import { DeviceFault } from './fault.ts'
import { patience, pauseAfter } from './patience.ts'
import type { DevicePorts } from './ports.ts'
import type { Refused } from './refusal.ts'

/**
 * Does something while a person waits, coming back after pauses as long as the server says "later" or
 * cannot be reached.
 *
 * @param attempts 1: give up at the first obstacle
 * @throws DeviceFault the last obstacle that was a break
 */
export async function persist<T extends { readonly kind: string }>(
  ports: DevicePorts,
  attempts: number,
  act: () => Promise<T | Refused | Later>,
): Promise<T | Refused> {
  for (let failures = 1; ; failures++) {
    const outcome = await actOrObstacle(act)
    if (!isObstacle(outcome)) return outcome
    if (failures >= attempts) return giveUp(outcome)
    const pause = pauseAfter(
      failures,
      outcome instanceof DeviceFault ? undefined : outcome.retryAfterSeconds,
      patience.longestSeconds,
      ports.chance,
    )
    const why = outcome instanceof DeviceFault ? outcome.message : outcome.detail
    ports.say(`${why}; again in ${Math.ceil(pause.total('seconds'))} s`)
    await ports.wait(pause)
  }
}

type Obstacle = DeviceFault | Later

async function actOrObstacle<T>(act: () => Promise<T>): Promise<T | DeviceFault> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof DeviceFault && error.passing) return error
    throw error
  }
}

function isObstacle<T extends { readonly kind: string }>(
  outcome: T | Refused | Later | DeviceFault,
): outcome is Obstacle {
  return outcome instanceof DeviceFault || outcome.kind === 'later'
}

function giveUp(obstacle: Obstacle): Refused {
  if (obstacle instanceof DeviceFault) throw obstacle
  if (obstacle.pending) return refuse('pending-too-long', obstacle.detail)
  throw new DeviceFault('server-unreachable', `the server is busy: ${obstacle.detail}`)
}
