// SPDX-License-Identifier: Apache-2.0
/** Whether an LMS key made a signature. @see RFC 8554 sections 4.6 and 5.4.2 */
import { concatBytes, sameBytes } from '#format/bytes.ts'
import type { LmsPublicKey, LmsSignature } from '#format/lms/hss.ts'
import type { OtsParameters } from '#format/lms/parameters.ts'
import { hashOf, type LmsHasher } from './lms-hash.ts'

/** What keeps the kinds of hashes apart. Section 4.4 and 5.3. */
const separators = { message: 0x8181, publicKey: 0x8080, leaf: 0x8282, interior: 0x8383 } as const

/** H of this prefix and the message behind it, wherever the message is. */
export type HashMessage = (hasher: LmsHasher, prefix: Uint8Array) => Promise<Uint8Array>

/** @returns false for any signature that does not hold, that of another parameter set too */
export async function verifyLms(
  key: LmsPublicKey,
  signature: LmsSignature,
  hashMessage: HashMessage,
): Promise<boolean> {
  // Algorithm 6a steps 2c, 2g: those of the key, not those that the signature says.
  if (signature.lms !== key.lms || signature.otsType !== key.otsType) return false
  const prefix = prefixOf(key.identifier, signature.leaf)
  const start = concat(prefix, u16(separators.message), signature.randomizer)
  const digest = await hashMessage(key.ots, start)
  const candidate = otsCandidate(key.ots, prefix, signature.chains, digest)
  return sameBytes(rootCandidate(key, signature, candidate), key.root)
}

/** Algorithm 4b: the one-time public key that this signature belongs to. */
function otsCandidate(
  ots: OtsParameters,
  prefix: Uint8Array,
  chains: Uint8Array,
  digest: Uint8Array,
): Uint8Array {
  const { octets, width, chains: count } = ots
  const digits = concat(digest, checksumOf(ots, digest))
  const all = new Uint8Array(prefix.length + 2 + count * octets)
  all.set(prefix)
  all.set(u16(separators.publicKey), prefix.length)
  // I, q, i, j and the hash before: one buffer for all steps of all chains.
  const step = new Uint8Array(prefix.length + 3 + octets)
  step.set(prefix)
  const last = 2 ** width - 1
  for (let chain = 0; chain < count; chain++) {
    step.set(u16(chain), prefix.length)
    step.set(chains.subarray(chain * octets, (chain + 1) * octets), prefix.length + 3)
    for (let at = digitOf(digits, chain, width); at < last; at++) {
      step[prefix.length + 2] = at
      step.set(hashOf(ots, step), prefix.length + 3)
    }
    all.set(step.subarray(prefix.length + 3), prefix.length + 2 + chain * octets)
  }
  return hashOf(ots, all)
}

/** Section 3.1.3: coef. */
function digitOf(bytes: Uint8Array, index: number, width: number): number {
  const perOctet = 8 / width
  const octet = bytes[Math.floor(index / perOctet)] ?? 0
  const shift = 8 - width * ((index % perOctet) + 1)
  return (octet >> shift) & (2 ** width - 1)
}

/** Section 4.4: Cksm, of which only the first digits are signed. */
function checksumOf({ octets, width, checksumShift }: OtsParameters, digest: Uint8Array) {
  let sum = 0
  for (let index = 0; index < (8 * octets) / width; index++)
    sum += 2 ** width - 1 - digitOf(digest, index, width)
  return u16((sum << checksumShift) & 0xffff)
}

/** Algorithm 6a step 4: from the leaf to the root by the siblings on the way. */
function rootCandidate(
  { identifier, lms }: LmsPublicKey,
  { leaf, path }: LmsSignature,
  ots: Uint8Array,
): Uint8Array {
  let node = 2 ** lms.height + leaf
  let value = hashOf(lms, concat(prefixOf(identifier, node), u16(separators.leaf), ots))
  for (let level = 0; node > 1; level++) {
    const sibling = path.subarray(level * lms.octets, (level + 1) * lms.octets)
    const pair = node % 2 === 1 ? [sibling, value] : [value, sibling]
    node = Math.floor(node / 2)
    value = hashOf(lms, concat(prefixOf(identifier, node), u16(separators.interior), ...pair))
  }
  return value
}

function prefixOf(identifier: Uint8Array, number: number): Uint8Array {
  const bytes = new Uint8Array(identifier.length + 4)
  bytes.set(identifier)
  new DataView(bytes.buffer).setUint32(identifier.length, number)
  return bytes
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(parts)
}
