// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { algorithmIds, type TpmHash } from '#format/tpm/algorithms.ts'
import { encodePublic, type TpmPublic } from '#format/tpm/structure/public.ts'

/** The digest of all parts together, as a plain array. */
export function tpmDigest(hash: TpmHash, ...parts: readonly Uint8Array[]): Uint8Array {
  const digest = createHash(hash)
  for (const part of parts) digest.update(part)
  return new Uint8Array(digest.digest())
}

/** Whether a Name of this key may stand for it: SHA-1 has collisions. */
export function isNamedWeakly({ nameAlgorithm }: TpmPublic): boolean {
  return nameAlgorithm === 'sha1'
}

/**
 * The Name of a key: its hash algorithm, and the digest of its whole public area, attributes and policy included.
 *
 * @see TPM 2.0 Library Part 1 section 16
 */
export function nameOf(value: TpmPublic): Uint8Array {
  const digest = tpmDigest(value.nameAlgorithm, encodePublic(value))
  const name = new Uint8Array(2 + digest.length)
  new DataView(name.buffer).setUint16(0, algorithmIds[value.nameAlgorithm])
  name.set(digest, 2)
  return name
}
