// SPDX-License-Identifier: Apache-2.0
/** Whether a signature is one over a message of which only the digest is at hand. */
import { constants, createECDH, createPublicKey, publicDecrypt } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { SignatureAlgorithm } from './algorithms.ts'
import {
  type DigestName,
  digestAsked,
  digestBy,
  encodeDigestInfo,
  fitsPssMessage,
  saltOctetsOf,
  signatureAlgorithmAsked,
} from './digest-signature.ts'
import type { PublicKey } from './public-key.ts'
import { verifySignature } from './signature.ts'
import {
  add,
  inverseOf,
  isShortCurve,
  type Point,
  positive,
  type ShortCurve,
  shortCurves,
} from './weak-keys/scalars/short-curve.ts'

/**
 * Node verifies messages only: RSA is opened by OpenSSL and compared here, and of ECDSA the points are OpenSSL's and
 * the last sum is ours. Nothing secret takes part.
 *
 * @param digested by the digest of the algorithm
 * @returns false for any wrong signature, however malformed
 * @throws TypeError if the algorithm signs no digests, or not with such a key
 */
export function verifyDigest(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  digested: Uint8Array,
  signature: Uint8Array,
): boolean {
  const digest = digestAsked(signatureAlgorithmAsked(algorithm.name, key), digested)
  if (isShortCurve(key.algorithm))
    return verifyOnCurve(shortCurves[key.algorithm], key, digested, signature)
  return verifyRsa(digest, saltOctetsOf(algorithm, key.bits), key, digested, signature)
}

/** As `verifySignature` for a message, as `verifyDigest` for a digest. */
export async function verifyOver(
  over: 'message' | 'digest',
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (over === 'digest') return verifyDigest(algorithm, key, bytes, signature)
  const { digest, saltOctets } = algorithm
  // No identifier says such a salt.
  if (saltOctets === 'longest' && digest !== null)
    return verifyDigest(algorithm, key, digestBy(digest, bytes), signature)
  return (await verifySignature(algorithm.identifier, key, bytes, signature)) === true
}

function verifyRsa(
  digest: DigestName,
  saltOctets: number | null,
  key: PublicKey,
  digested: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (signature.length !== Math.ceil(key.bits / 8)) return false
  let encoded: Uint8Array
  try {
    const padding = constants.RSA_NO_PADDING
    encoded = publicDecrypt({ key: plainRsa(key), padding }, signature)
  } catch {
    // No number below the modulus.
    return false
  }
  if (saltOctets !== null) return fitsPssMessage(digest, digested, saltOctets, key.bits, encoded)
  // RFC 8017 section 9.2: compared whole, never parsed, so that nothing hides in the padding.
  const info = encodeDigestInfo(digest, digested)
  const expected = new Uint8Array(encoded.length).fill(0xff)
  expected.set([0x00, 0x01])
  expected[expected.length - info.length - 1] = 0x00
  expected.set(info, expected.length - info.length)
  return sameBytes(expected, encoded)
}

/** The key as RFC 8017 has it: OpenSSL opens nothing with one that is for RSASSA-PSS alone. */
function plainRsa({ spki }: PublicKey) {
  const { key } = parseSubjectPublicKeyInfo(spki)
  return createPublicKey({ key: Buffer.from(key), format: 'der', type: 'pkcs1' })
}

/**
 * u1 G + u2 Q, as FIPS 186-5 section 6.4.2 has it. OpenSSL tells of u2 Q only x, and so Q and -Q are not told
 * apart: who signs with the key of one has the key of the other.
 */
function verifyOnCurve(
  curve: ShortCurve,
  { material }: PublicKey,
  digested: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { order, prime, octets } = curve
  const pair = readPair(signature, octets)
  if (pair === undefined) return false
  const [r, s] = pair
  if (r <= 0n || r >= order || s <= 0n || s >= order) return false
  const inverse = inverseOf(s, order)
  const first = (leftmost(digested, order) * inverse) % order
  const second = (r * inverse) % order
  // What nobody meets by chance: a digest that is a multiple of the order.
  if (first === 0n) return false
  const left = multipleOfGenerator(first, curve)
  const right = pointAt(multipleOf(second, material, curve), curve)
  // The same point twice, or one and its negative: as unlikely.
  if (left.x === right.x) return false
  return [right, { x: right.x, y: prime - right.y }].some(
    (point) => add(left, point, prime).x % order === r,
  )
}

function readPair(signature: Uint8Array, octets: number): readonly [bigint, bigint] | undefined {
  try {
    return readDer(
      signature,
      { maxBytes: 2 * octets + 16, maxDepth: 2, maxValues: 3 },
      (reader) => {
        const pair = reader.sequence()
        const numbers = [pair.bigInteger(octets + 1), pair.bigInteger(octets + 1)] as const
        pair.end()
        return numbers
      },
    )
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** As many bits of the digest as the order has. FIPS 186-5 section 6.4.2 step 2. */
function leftmost(digested: Uint8Array, order: bigint): bigint {
  const excess = 8 * digested.length - order.toString(2).length
  const number = BigInt(`0x${digested.toHex()}`)
  return excess > 0 ? number >> BigInt(excess) : number
}

function multipleOfGenerator(scalar: bigint, { openssl, octets }: ShortCurve): Point {
  const ecdh = createECDH(openssl)
  ecdh.setPrivateKey(octetsOf(scalar, octets))
  const point = ecdh.getPublicKey()
  return {
    x: BigInt(`0x${point.subarray(1, 1 + octets).toHex()}`),
    y: BigInt(`0x${point.subarray(1 + octets).toHex()}`),
  }
}

/** The x of a multiple of a point. */
function multipleOf(scalar: bigint, material: Uint8Array, { openssl, octets }: ShortCurve): bigint {
  const ecdh = createECDH(openssl)
  ecdh.setPrivateKey(octetsOf(scalar, octets))
  return BigInt(`0x${ecdh.computeSecret(Uint8Array.of(0x04, ...material)).toHex()}`)
}

/** One of the two points with this x; the primes of the curves are all 3 modulo 4. */
function pointAt(x: bigint, { prime, generator }: ShortCurve): Point {
  const b = generator.y ** 2n - generator.x ** 3n + 3n * generator.x
  const square = positive(x ** 3n - 3n * x + b, prime)
  return { x, y: power(square, (prime + 1n) / 4n, prime) }
}

function power(base: bigint, exponent: bigint, prime: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % prime
    if (bit === '1') result = (result * base) % prime
  }
  return result
}

function octetsOf(number: bigint, octets: number): Uint8Array {
  return Uint8Array.fromHex(number.toString(16).padStart(2 * octets, '0'))
}
