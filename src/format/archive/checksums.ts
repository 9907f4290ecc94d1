// SPDX-License-Identifier: Apache-2.0
/** Sums by which compressed streams are known to be whole. They are no protection against anybody who means harm. */

/** Polynomials with the lowest bit first. */
const crc32Polynomial = 0xedb8_8320
const crc64High = 0xc96c_5795
const crc64Low = 0xd787_0f42

const crc32Tables = crc32TablesOf()

/** Eight tables: one octet of eight each, so that eight go at once. */
function crc32TablesOf(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let octet = 0; octet < 256; octet++) {
    let value = octet
    for (let bit = 0; bit < 8; bit++)
      value = (value & 1) !== 0 ? (value >>> 1) ^ crc32Polynomial : value >>> 1
    tables[octet] = value
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/** CRC-32 of ISO 3309, as gzip, zip and xz take it; `before` is the sum of what came before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const t = crc32Tables
  let crc = ~before
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      t[1_792 + (low & 0xff)]! ^
      t[1_536 + ((low >>> 8) & 0xff)]! ^
      t[1_280 + ((low >>> 16) & 0xff)]! ^
      t[1_024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** CRC-64 of ECMA-182, taken on piece by piece; both halves apart, for a number holds 53 bits. */
export class Crc64 {
  #high = -1
  #low = -1

  take(bytes: Uint8Array): void {
    let [high, low] = [this.#high, this.#low]
    for (let at = 0; at < bytes.length; at++) {
      const index = (low ^ bytes[at]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ crc64LowTable[index]!
      high = (high >>> 8) ^ crc64HighTable[index]!
    }
    this.#high = high
    this.#low = low
  }

  get low(): number {
    return ~this.#low >>> 0
  }

  get high(): number {
    return ~this.#high >>> 0
  }
}

const crc64LowTable = new Int32Array(256)
const crc64HighTable = new Int32Array(256)
for (let octet = 0; octet < 256; octet++) {
  let [high, low] = [0, octet]
  for (let bit = 0; bit < 8; bit++) {
    const carry = (low & 1) !== 0
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry) {
      low ^= crc64Low
      high ^= crc64High
    }
  }
  crc64LowTable[octet] = low
  crc64HighTable[octet] = high
}
