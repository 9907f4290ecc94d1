// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'

/** What a hash is for: the same serial stands elsewhere in each table. */
export type HashUse = 'bad' | 'held' | 'change' | 'roster'

const uses: Readonly<Record<HashUse, number>> = { bad: 1, held: 2, change: 3, roster: 4 }

/**
 * A SHA-256 as text, an octet a character: ten million of them are made for one file, and each as bytes of its
 * own takes five times as long.
 */
export type KeyHash = string

/** One of each length, used again and again. */
const messages: Uint8Array[] = []

/**
 * SHA-256 over salt, one byte of use, and the serial number without leading zeros.
 *
 * The salt is drawn when a table is built: whoever chooses serial numbers cannot know it before, and so cannot
 * make them collide.
 */
export function keyHash(salt: Uint8Array, use: HashUse, serial: Uint8Array): KeyHash {
  const length = salt.length + 1 + serial.length
  messages[length] ??= new Uint8Array(length)
  const message = messages[length]
  message.set(salt)
  message[salt.length] = uses[use]
  message.set(serial, salt.length + 1)
  return hash('sha256', message, 'latin1')
}

/** Its first octets. */
export function octetsOfHash(hash: KeyHash, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets)
  for (let index = 0; index < octets; index++) bytes[index] = hash.charCodeAt(index)
  return bytes
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

export function roughPlace(hash: KeyHash): Place {
  return placeAt(hash, 0)
}

export function exactPlace(hash: KeyHash): Place {
  return placeAt(hash, 16)
}

/** Octets 0 to 3 the place, 4 to 7 the first half of the band with its lowest bit set, 8 to 11 the other half. */
function placeAt(hash: KeyHash, at: number): Place {
  return {
    place: wordAt(hash, at),
    low: (wordAt(hash, at + 4) | 1) >>> 0,
    high: wordAt(hash, at + 8),
  }
}

/** As many of the top bits of octets 12 to 15 as there are planes, 1 to 24. */
export function fingerprint(hash: KeyHash, planes: number): number {
  return wordAt(hash, 12) >>> (32 - planes)
}

function wordAt(hash: KeyHash, at: number): number {
  const high = (hash.charCodeAt(at) << 8) | hash.charCodeAt(at + 1)
  const low = (hash.charCodeAt(at + 2) << 8) | hash.charCodeAt(at + 3)
  return ((high << 16) | low) >>> 0
}
