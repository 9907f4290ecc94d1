// SPDX-License-Identifier: Apache-2.0
/** Signatures over a digest that somebody else computed: what RSA is given, as the standard writes it. */
import { createHash } from 'node:crypto'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import type { SignatureAlgorithm } from './algorithms.ts'

export type DigestName = NonNullable<SignatureAlgorithm['digest']>

/** How long a digest is, in octets. */
export const digestOctets: Readonly<Record<DigestName, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
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
