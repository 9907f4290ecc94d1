// SPDX-License-Identifier: Apache-2.0
import { properties } from '#format/tpm/command/inventory.ts'

/** What people want to know of a TPM: who made it, and which firmware it runs. Part 2 section 6.13. */
export function identityOf(found: ReadonlyMap<number, number>): Readonly<Record<string, string>> {
  const vendor = [0, 1, 2, 3].map((index) => textOf(found.get(properties.vendorString1 + index)))
  const [high = 0, low = 0] = [
    found.get(properties.firmwareVersion1),
    found.get(properties.firmwareVersion2),
  ]
  return {
    manufacturer: textOf(found.get(properties.manufacturer)),
    model: vendor.join('').trim(),
    firmware: [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].join('.'),
    revision: ((found.get(properties.revision) ?? 0) / 100).toFixed(2),
  }
}

/** Four characters in a number; what cannot be shown is left out. */
function textOf(value: number | undefined): string {
  const octets = [24, 16, 8, 0].map((shift) => ((value ?? 0) >>> shift) & 0xff)
  return octets
    .filter((octet) => octet >= 0x20 && octet < 0x7f)
    .map((octet) => String.fromCharCode(octet))
    .join('')
    .trim()
}

/** TPMA_PERMANENT, bit 9: inLockout. Part 2 section 8.6. */
export function isLockedOut(found: ReadonlyMap<number, number>): boolean {
  return ((found.get(properties.permanent) ?? 0) & (1 << 9)) !== 0
}
