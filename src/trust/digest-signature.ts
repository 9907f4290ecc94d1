// SPDX-License-Identifier: Apache-2.0
/** Signatures over a digest that somebody else computed: what RSA is given, as the standard writes it. */
import { createHash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import {
  keyAlgorithms,
  type SignatureAlgorithm,
  type SignatureAlgorithmName,
  signatureAlgorithms,
} from './algorithms.ts'
import type { PublicKey } from './public-key.ts'

export type DigestName = NonNullable<SignatureAlgorithm['digest']>

/** How long a digest is, in octets. */
export const digestOctets: Readonly<Record<DigestName, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
}

/** How many octets of salt a key gives to RSASSA-PSS by this algorithm; null: it is another. */
export function saltOctetsOf(
  { saltOctets, digest }: Pick<SignatureAlgorithm, 'saltOctets' | 'digest'>,
  modulusBits: number,
): number | null {
  if (saltOctets !== 'longest') return saltOctets
  if (digest === null) throw new TypeError('a salt without a digest')
  return longestSaltOctets(digest, modulusBits)
}

/** The salt that fills the encoded message but for the digest and two octets. @see RFC 8017 section 9.1.1 */
export function longestSaltOctets(digest: DigestName, modulusBits: number): number {
  return Math.ceil((modulusBits - 1) / 8) - digestOctets[digest] - 2
}

/** The digest of octets that are in memory. */
export function digestBy(digest: DigestName, octets: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(digest).update(octets).digest())
}

/**
 * The row of an algorithm that was asked of a key.
 *
 * @throws TypeError if it is not made with such a key
 */
export function signatureAlgorithmAsked(
  name: SignatureAlgorithmName,
  key: Pick<PublicKey, 'algorithm'>,
): SignatureAlgorithm {
  const algorithm = signatureAlgorithms[name]
  if (!algorithm.keyOids.includes(keyAlgorithms[key.algorithm].identifier.oid))
    throw new TypeError(`a key of ${key.algorithm} does not sign by ${name}`)
  return algorithm
}

/**
 * The digest of an algorithm that signs digests, and that these octets may be one of.
 *
 * @throws TypeError if it signs messages alone (EdDSA, ML-DSA, SLH-DSA), or a digest has another length
 */
export function digestAsked(
  { digest, name }: SignatureAlgorithm,
  digested: Uint8Array,
): DigestName {
  if (digest === null || digested.length !== digestOctets[digest])
    throw new TypeError(`${digested.length} octets are no digest that ${name} signs`)
  return digest
}

/**
 * DigestInfo, DER: what PKCS #1 v1.5 signs.
 *
 * @see RFC 8017 section 9.2
 */
export function encodeDigestInfo(digest: DigestName, digested: Uint8Array): Uint8Array {
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.sequence(() => {
        writer.oid(algorithms[digest])
        writer.null()
      })
      writer.octets(digested)
    }),
  )
}

/**
 * The encoded message that RSASSA-PSS raises to the private exponent; as long as the modulus.
 *
 * @param salt fresh chance for each signature
 * @throws TypeError if the modulus is too short for them
 * @see RFC 8017 section 9.1.1
 */
export function encodePssMessage(
  digest: DigestName,
  digested: Uint8Array,
  salt: Uint8Array,
  modulusBits: number,
): Uint8Array {
  const bits = modulusBits - 1
  const octets = Math.ceil(bits / 8)
  const digestSize = digestOctets[digest]
  const padding = octets - digestSize - salt.length - 2
  if (padding < 0) throw new TypeError(`a modulus of ${modulusBits} bits is too short`)
  const hashed = createHash(digest).update(new Uint8Array(8)).update(digested).update(salt).digest()
  const block = new Uint8Array(octets - digestSize - 1)
  block[padding] = 0x01
  block.set(salt, padding + 1)
  const mask = maskOf(digest, hashed, block.length)
  const encoded = new Uint8Array(Math.ceil(modulusBits / 8))
  const start = encoded.length - octets
  for (const [index, octet] of block.entries()) encoded[start + index] = octet ^ (mask[index] ?? 0)
  encoded[start] = (encoded[start] ?? 0) & (0xff >> (8 * octets - bits))
  encoded.set(hashed, start + block.length)
  encoded[encoded.length - 1] = 0xbc
  return encoded
}

/**
 * Whether an encoded message is one of this digest, with a salt of exactly this length.
 *
 * @param encoded as long as the modulus
 * @see RFC 8017 section 9.1.2
 */
export function fitsPssMessage(
  digest: DigestName,
  digested: Uint8Array,
  saltOctets: number,
  modulusBits: number,
  encoded: Uint8Array,
): boolean {
  const bits = modulusBits - 1
  const octets = Math.ceil(bits / 8)
  const blockOctets = octets - digestOctets[digest] - 1
  const start = encoded.length - octets
  if (start < 0 || blockOctets < saltOctets + 1) return false
  const masked = encoded.subarray(start, start + blockOctets)
  const hashed = encoded.subarray(start + blockOctets, -1)
  const mask = maskOf(digest, hashed, blockOctets)
  const block = masked.map((octet, index) => octet ^ (mask[index] ?? 0))
  block[0] = (block[0] ?? 0) & (0xff >> (8 * octets - bits))
  // Made anew with its salt: padding, cleared bits and trailer are then compared with the rest.
  const salt = block.subarray(blockOctets - saltOctets)
  return sameBytes(encodePssMessage(digest, digested, salt, modulusBits), encoded)
}

/** MGF1. @see RFC 8017 appendix B.2.1 */
function maskOf(digest: DigestName, seed: Uint8Array, octets: number): Uint8Array {
  const mask = new Uint8Array(octets)
  const counter = new DataView(new ArrayBuffer(4))
  for (let at = 0, count = 0; at < octets; count++) {
    counter.setUint32(0, count)
    const piece = createHash(digest).update(seed).update(new Uint8Array(counter.buffer)).digest()
    mask.set(piece.subarray(0, octets - at), at)
    at += piece.length
  }
  return mask
}
