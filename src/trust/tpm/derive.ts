// SPDX-License-Identifier: Apache-2.0
import { createHash, createHmac } from 'node:crypto'
import type { TpmHash } from '#format/tpm/algorithms.ts'

/** What a key is derived for: the labels of Part 1 section 24, whose final zero octet is part of them. */
export type DerivationLabel = 'IDENTITY' | 'INTEGRITY' | 'STORAGE'

interface Derivation {
  readonly hash: TpmHash
  /** Without its final zero octet. */
  readonly label: string
  readonly contextU: Uint8Array
  readonly contextV: Uint8Array
  /** A multiple of 8. */
  readonly bits: number
}

/**
 * KDFa: SP 800-108 in counter mode with HMAC.
 *
 * @param key secret
 * @see TPM 2.0 Library Part 1 section 11.4.10.2
 */
export function deriveByHmac(key: Uint8Array, derivation: Derivation): Uint8Array {
  const { hash, label, contextU, contextV, bits } = derivation
  return blocks(bits, (counter) =>
    createHmac(hash, key)
      .update(counter)
      .update(terminated(label))
      .update(contextU)
      .update(contextV)
      .update(number32(bits))
      .digest(),
  )
}

/**
 * KDFe: the single-step derivation of SP 800-56A over a shared secret.
 *
 * @param shared the x-coordinate of the shared point, as long as the field; secret
 * @see TPM 2.0 Library Part 1 section 11.4.10.3
 */
export function deriveByHash(shared: Uint8Array, derivation: Derivation): Uint8Array {
  const { hash, label, contextU, contextV, bits } = derivation
  return blocks(bits, (counter) =>
    createHash(hash)
      .update(counter)
      .update(shared)
      .update(terminated(label))
      .update(contextU)
      .update(contextV)
      .digest(),
  )
}

/** Both count from one and cut the last block. */
function blocks(bits: number, block: (counter: Uint8Array) => Uint8Array): Uint8Array {
  const key = new Uint8Array(bits / 8)
  for (let counter = 1, at = 0; at < key.length; counter++) {
    const made = block(number32(counter))
    key.set(made.subarray(0, key.length - at), at)
    at += made.length
  }
  return key
}

function terminated(label: string): Uint8Array {
  return new TextEncoder().encode(`${label}\0`)
}

function number32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
