// SPDX-License-Identifier: Apache-2.0
import { createHash, hash, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 of the bytes; 32 bytes, owned by the caller.
 *
 * Fetched as text, an octet a character: a Buffer of its own for each digest takes twice the time, and
 * as much again when it is collected.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'latin1')
  const digest = new Uint8Array(32)
  for (let index = 0; index < 32; index++) digest[index] = text.charCodeAt(index)
  return digest
}

/**
 * SHA-1 of the bytes; 20 bytes, owned by the caller.
 *
 * Somebody who wants to can make two byte strings of one digest: it names things where a standard asks for it
 * (RFC 6960), and proves nothing.
 */
export function dangerouslySha1(bytes: Uint8Array): Uint8Array {
  return Uint8Array.fromHex(hash('sha1', bytes, 'hex'))
}

/** SHA-256 of bytes that come piece by piece. */
export class Sha256 {
  readonly #hash = createHash('sha256')

  take(piece: Uint8Array): void {
    this.#hash.update(piece)
  }

  /** To be called once. */
  finish(): Uint8Array {
    return Uint8Array.from(this.#hash.digest())
  }
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function sameSecret(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
