// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { WeaknessName } from '#trust/weak-keys/weaknesses.ts'

/**
 * The cause of what a single key shows by itself: the kind of weakness, since whatever made one such key made the
 * others. So a thousand keys of one flawed library are one alarm.
 */
export function causeOf(kind: WeaknessName): Uint8Array {
  return sha256(new TextEncoder().encode(`vitalsign weak key\n${kind}\n`))
}
