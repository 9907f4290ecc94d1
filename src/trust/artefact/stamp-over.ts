// SPDX-License-Identifier: Apache-2.0
import { verifyTimeStamp } from '../time-stamp/verify-time-stamp.ts'
import type { ArtefactRefused } from './refusal.ts'
import type { DeviceTrust } from './verdict.ts'

/**
 * When a time-stamp authority that the device believes saw these octets; undefined: there is no token, or the device
 * looks at none. One that is wrong is refused: it was put there to be believed.
 */
export async function stampOver(
  token: Uint8Array | undefined,
  over: Uint8Array,
  { stampRoots }: Pick<DeviceTrust, 'stampRoots'>,
): Promise<Temporal.Instant | ArtefactRefused | undefined> {
  if (token === undefined || stampRoots.length === 0) return undefined
  const stamp = await verifyTimeStamp({ token, over, roots: stampRoots, others: [] })
  return stamp.kind === 'refused' ? stamp : stamp.at
}
