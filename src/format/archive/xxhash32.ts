// SPDX-License-Identifier: Apache-2.0
/** xxHash with 32 bits and seed 0, the sum of LZ4's frames. */
import { u32le } from './fields.ts'

const prime1 = 0x9e37_79b1
const prime2 = 0x85eb_ca77
const prime3 = 0xc2b2_ae3d
const prime4 = 0x27d4_eb2f
const prime5 = 0x1656_67b1
const stripe = 16

/** @see xxhash_spec.md of xxHash, "XXH32 Algorithm Description" */
export class XxHash32 {
  #v1 = (prime1 + prime2) | 0
  #v2 = prime2 | 0
  #v3 = 0
  #v4 = -prime1 | 0
  readonly #rest = new Uint8Array(stripe)
  #resting = 0
  #octets = 0

  take(bytes: Uint8Array): void {
    this.#octets += bytes.length
    let at = 0
    if (this.#resting > 0) {
      at = Math.min(stripe - this.#resting, bytes.length)
      this.#rest.set(bytes.subarray(0, at), this.#resting)
      this.#resting += at
      if (this.#resting < stripe) return
      this.#stripes(this.#rest)
      this.#resting = 0
    }
    const whole = bytes.length - ((bytes.length - at) % stripe)
    this.#stripes(bytes.subarray(at, whole))
    this.#rest.set(bytes.subarray(whole))
    this.#resting = bytes.length - whole
  }

  get value(): number {
    let hash =
      this.#octets >= stripe
        ? rotated(this.#v1, 1) +
          rotated(this.#v2, 7) +
          rotated(this.#v3, 12) +
          rotated(this.#v4, 18)
        : prime5
    hash = (hash + this.#octets) | 0
    let at = 0
    for (; at + 4 <= this.#resting; at += 4)
      hash = Math.imul(rotated((hash + Math.imul(u32le(this.#rest, at), prime3)) | 0, 17), prime4)
    for (; at < this.#resting; at++)
      hash = Math.imul(rotated((hash + Math.imul(this.#rest[at]!, prime5)) | 0, 11), prime1)
    hash = Math.imul(hash ^ (hash >>> 15), prime2)
    hash = Math.imul(hash ^ (hash >>> 13), prime3)
    return (hash ^ (hash >>> 16)) >>> 0
  }

  #stripes(bytes: Uint8Array): void {
    let [v1, v2, v3, v4] = [this.#v1, this.#v2, this.#v3, this.#v4]
    for (let at = 0; at < bytes.length; at += stripe) {
      v1 = round(v1, u32le(bytes, at))
      v2 = round(v2, u32le(bytes, at + 4))
      v3 = round(v3, u32le(bytes, at + 8))
      v4 = round(v4, u32le(bytes, at + 12))
    }
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
    this.#v4 = v4
  }
}

export function xxHash32(bytes: Uint8Array): number {
  const hash = new XxHash32()
  hash.take(bytes)
  return hash.value
}

function round(value: number, input: number): number {
  return Math.imul(rotated((value + Math.imul(input, prime2)) | 0, 13), prime1)
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
