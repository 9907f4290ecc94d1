// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { checkDevice } from '#core/policy/check-device.ts'
import type { IdentifyingPorts } from '../identify.ts'
import { identifyLive } from '../note-use.ts'
import type { AnchorSets } from './anchor-sets.ts'

/**
 * Notes which device was answered at `/cacerts`, if it showed an identity of ours; everybody else is answered
 * just so and noted nowhere.
 *
 * Only what came over a connection of the device's own counts as given: an enrolment brings one certificate and
 * no roots, and somebody else may have fetched them.
 *
 * @param label the entrance that was asked at; undefined: all of ours
 */
export async function noteGiven(
  chain: readonly Uint8Array[],
  label: string | undefined,
  ports: IdentifyingPorts & { readonly anchors: AnchorSets },
): Promise<void> {
  if (chain.length === 0) return
  try {
    const identified = await identifyLive(chain, ports)
    if (identified.kind === 'refused') return
    const { device } = identified
    if (checkDevice(device) !== undefined) return
    const door = label === undefined ? undefined : ports.doors.labelled(label)
    const isOther = door !== undefined && ('kind' in door || door.product.id !== device.product)
    if (!isOther) await ports.anchors.noteGiven(device)
  } catch (error) {
    // What is public is answered all the same; the device asks again, and is noted then.
    if (!(error instanceof Fault)) throw error
  }
}
