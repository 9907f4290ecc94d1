// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Device, Element, ElementKeyRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** A key of an element, and the element. */
export interface KeyInElement {
  readonly key: ElementKeyRecord
  readonly element: Element
}

/** The element whose key this is, if it is known. */
export async function elementOfKey(
  fingerprint: Uint8Array,
  ledger: Ledger,
): Promise<KeyInElement | undefined> {
  const key = await ledger.find('elementKey', 'fingerprint', [fingerprint])
  if (key === undefined) return undefined
  const element = await ledger.read('element', key.element)
  if (element === undefined)
    throw new Fault('ledger-damaged', `key ${key.id} has no element ${key.element}`)
  return { key, element }
}

/** The element that is in a device now, as far as is known. */
export async function elementInDevice(
  device: string,
  ledger: Ledger,
): Promise<Element | undefined> {
  const query = { by: 'device', equal: [device, 'bound'], limit: 1 } as const
  return (await ledger.list('element', query)).items[0]
}

/** Every key of an element; 16 at the most. */
export async function keysOf(
  element: string,
  ledger: Ledger,
): Promise<readonly ElementKeyRecord[]> {
  return (await ledger.list('elementKey', { by: 'element', equal: [element], limit: 100 })).items
}

export type Fit =
  | {
      readonly kind: 'fits'
      /** The element that the key lives in, if nobody said yet in which device it is. */
      readonly unbound: Element | undefined
    }
  | Refused

/**
 * Whether a key may be certified for a device whose keys have to live in elements: not if it lives in the element of
 * another device, and not if this device is expected to have another element.
 */
export async function fitsDevice(
  fingerprint: Uint8Array,
  device: Device,
  ledger: Ledger,
): Promise<Fit> {
  const [found, expected] = await Promise.all([
    elementOfKey(fingerprint, ledger),
    elementInDevice(device.id, ledger),
  ])
  if (expected !== undefined && found?.element.id !== expected.id)
    return refuse(
      'element-not-expected',
      `device ${device.serial} is expected to have element ${expected.uniqueId}, this key ${found === undefined ? 'is of no known element' : `lives in ${found.element.uniqueId}`}`,
    )
  if (found === undefined) return { kind: 'fits', unbound: undefined }
  const { element } = found
  const unfit = refuseBinding(element, device)
  if (unfit !== undefined) return unfit
  return { kind: 'fits', unbound: element.device === null ? element : undefined }
}

/** Why this element cannot be in this device. */
export function refuseBinding(element: Element, device: Device): Refused | undefined {
  const elsewhere = element.device !== null && element.device !== device.id
  if (element.state === 'replaced' || elsewhere)
    return refuse(
      'element-of-another-device',
      `element ${element.uniqueId} is or was in another device; an element belongs to one for ever`,
    )
  return element.product === device.product
    ? undefined
    : refuse(
        'element-of-another-device',
        `element ${element.uniqueId} was made known for another product than that of ${device.serial}`,
      )
}
