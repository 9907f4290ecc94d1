// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '../digest.ts'

/** What a hash is for: the same serial stands elsewhere in each table. */
export type HashUse = 'bad' | 'held' | 'change' | 'roster'

const uses: Readonly<Record<HashUse, number>> = { bad: 1, held: 2, change: 3, roster: 4 }

/**
 * SHA-256 over salt, one byte of use, and the serial number without leading zeros.
 *
 * The salt is drawn when a table is built: whoever chooses serial numbers cannot know it before, and so cannot
 * make them collide.
 */
export function keyHash(salt: Uint8Array, use: HashUse, serial: Uint8Array): DataView {
  const message = new Uint8Array(salt.length + 1 + serial.length)
  message.set(salt)
  message[salt.length] = uses[use]
  message.set(serial, salt.length + 1)
  return new DataView(sha256(message).buffer)
}

/** The serial as the file knows it: unsigned, without the leading zero that DER puts before a high bit. */
export function plainSerial(serial: Uint8Array): Uint8Array {
  let zeros = 0
  while (zeros < serial.length - 1 && serial[zeros] === 0) zeros++
  return zeros === 0 ? serial : serial.subarray(zeros)
}

/** Where a key stands in the first table of a filter, in its second, and its fingerprint. */
export interface Place {
  readonly place: number
  readonly low: number
  readonly high: number
}

export function roughPlace(hash: DataView): Place {
  return placeAt(hash, 0)
}

export function exactPlace(hash: DataView): Place {
  return placeAt(hash, 16)
}

/** Octets 0 to 3 the place, 4 to 7 the first half of the band with its lowest bit set, 8 to 11 the other half. */
function placeAt(hash: DataView, at: number): Place {
  return {
    place: hash.getUint32(at),
    low: (hash.getUint32(at + 4) | 1) >>> 0,
    high: hash.getUint32(at + 8),
  }
}

/** As many of the top bits of octets 12 to 15 as there are planes, 1 to 24. */
export function fingerprint(hash: DataView, planes: number): number {
  return hash.getUint32(12) >>> (32 - planes)
}
