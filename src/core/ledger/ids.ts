// SPDX-License-Identifier: Apache-2.0
import type { Clock, Randomness } from '../ports.ts'
import { type Kind, tables } from './tables.ts'

/**
 * Makes an id for a new record: the kind's prefix and a UUIDv7 in hexadecimal.
 *
 * Ids of one process sort by time to the millisecond.
 *
 * @see RFC 9562 section 5.7
 */
export function newId(kind: Kind, ports: { clock: Clock; random: Randomness }): string {
  const uuid = ports.random.bytes(16)
  const milliseconds = ports.clock.now().epochMilliseconds
  let rest = milliseconds
  for (let index = 5; index >= 0; index--) {
    uuid[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  uuid[6] = (uuid[6]! & 0x0f) | 0x70
  uuid[8] = (uuid[8]! & 0x3f) | 0x80
  return `${tables[kind].prefix}_${uuid.toHex()}`
}

/** When an id was made, as it says itself: Unix milliseconds by the clock of the node that made it. */
export function madeAtMilliseconds(id: string): number {
  return Number.parseInt(id.slice(4, 16), 16)
}
