// SPDX-License-Identifier: Apache-2.0
import type { Crl } from '#format/x509/crl.ts'
import type { ListEntry } from './revocation-list.ts'

/** Stands for a reason that was not given: no CRLReason has this number. */
const unspecified = 255

/**
 * The entries of a list by serial number, in typed arrays beside the list's own bytes: a Map of a million texts
 * took gateways out of memory.
 */
export class SerialIndex {
  readonly #der: Uint8Array
  /** Where the serial of each entry starts in the bytes of the list; its length stands one byte before. */
  readonly #offsets: Uint32Array
  readonly #seconds: Float64Array
  readonly #reasons: Uint8Array
  /** Open addressing: 1 + the number of an entry, 0 for none; at most half full. */
  readonly #slots: Uint32Array

  constructor({ der, revoked, revokedCount }: Crl) {
    this.#der = der
    this.#offsets = new Uint32Array(revokedCount)
    this.#seconds = new Float64Array(revokedCount)
    this.#reasons = new Uint8Array(revokedCount)
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(revokedCount, 1) * 2)))
    let number = 0
    for (const { serialNumber, revokedAt, reason } of revoked) {
      this.#offsets[number] = serialNumber.byteOffset - der.byteOffset
      this.#seconds[number] = revokedAt.epochMilliseconds / 1000
      this.#reasons[number] = reason ?? unspecified
      this.#put(serialNumber, ++number)
    }
  }

  /** The entry of a serial number; of several the last (RFC 5280 forbids them). */
  find(serialNumber: Uint8Array): ListEntry | undefined {
    for (let at = this.#slotOf(serialNumber); ; at = this.#after(at)) {
      const number = this.#slots[at]!
      if (number === 0) return undefined
      if (!this.#isOf(number - 1, serialNumber)) continue
      const reason = this.#reasons[number - 1]!
      return {
        revokedAt: Temporal.Instant.fromEpochMilliseconds(this.#seconds[number - 1]! * 1000),
        reason: reason === unspecified ? undefined : reason,
      }
    }
  }

  #put(serialNumber: Uint8Array, number: number): void {
    let at = this.#slotOf(serialNumber)
    while (this.#slots[at] !== 0 && !this.#isOf(this.#slots[at]! - 1, serialNumber))
      at = this.#after(at)
    this.#slots[at] = number
  }

  #isOf(entry: number, serialNumber: Uint8Array): boolean {
    const offset = this.#offsets[entry]!
    if (this.#der[offset - 1] !== serialNumber.length) return false
    for (let index = 0; index < serialNumber.length; index++)
      if (this.#der[offset + index] !== serialNumber[index]) return false
    return true
  }

  /** FNV-1a; serials that were chosen to collide only slow down the lists of who signed them. */
  #slotOf(serialNumber: Uint8Array): number {
    let hash = 0x811c9dc5
    for (const octet of serialNumber) hash = Math.imul(hash ^ octet, 0x01000193)
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1)
  }
}
