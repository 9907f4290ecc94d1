// SPDX-License-Identifier: Apache-2.0
import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the bytes; 32 bytes, owned by the caller. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', bytes, 'buffer'))
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function sameSecret(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
