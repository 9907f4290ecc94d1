// SPDX-License-Identifier: Apache-2.0
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodePrivateKeyInfo, parsePrivateKeyInfo } from '#format/pkcs8.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { isCryptoRefusal } from '#trust/crypto-refusal.ts'
import { mayBeSecret } from './chance.ts'
import { type PublicHalf, publicHalfOf } from './public-half.ts'

/** A private key in DER, its structure proved by its own numbers. */
export type DerKey =
  | { readonly kind: 'open'; readonly form: string; readonly half: PublicHalf }
  | { readonly kind: 'sealed'; readonly form: string }

/**
 * The private key that these octets are, exactly: PKCS #8, PKCS #1, SEC 1, the form of OpenSSL for DSA, or PKCS #8
 * encrypted.
 *
 * An RSA key is one if its modulus is the product of its primes; an elliptic one if its scalar gives the point beside
 * it; any other if OpenSSL takes it.
 *
 * @returns undefined where it is none
 */
export function readDerKey(der: Uint8Array): DerKey | undefined {
  try {
    return readDer(der, limits.privateKey, (reader) => {
      const outer = reader.sequence()
      const found = readOuter(outer, der)
      while (outer.hasMore) outer.skip()
      return found
    })
  } catch (error) {
    if (error instanceof FormatError || isCryptoRefusal(error)) return undefined
    throw error
  }
}

function readOuter(outer: DerReader, der: Uint8Array): DerKey | undefined {
  if (outer.peek() === tag.sequence) return readSealed(outer)
  const version = outer.smallInteger(1)
  switch (outer.peek()) {
    case tag.sequence:
      return readPkcs8(der)
    case tag.integer:
      return version === 0 ? readNumbers(outer, der) : undefined
    case tag.octetString:
      return version === 1 ? openPoint(der, 'SEC1', undefined) : undefined
    default:
      return undefined
  }
}

/** RFC 5958 section 3, with PBES2, PBES1 (RFC 8018 appendix A.3) or those of PKCS #12 (RFC 7292 appendix C). */
const sealing = /^1\.2\.840\.113549\.1\.(?:5\.(?:1|3|4|6|10|11|13)|12\.1\.[1-6])$/

function readSealed(outer: DerReader): DerKey | undefined {
  const algorithm = outer.sequence()
  const scheme = algorithm.oid()
  if (!sealing.test(scheme) || !algorithm.hasMore) return undefined
  algorithm.skip()
  algorithm.end()
  // Fewer octets hold no key: an Ed25519 key has 48, and its padding fills a block.
  if (outer.octets().length < 40) return undefined
  return outer.hasMore ? undefined : { kind: 'sealed', form: 'encrypted PKCS #8' }
}

function readPkcs8(der: Uint8Array): DerKey | undefined {
  const { algorithm, privateKey } = parsePrivateKeyInfo(der)
  if (algorithm.oid === algorithms.ecPublicKey) return openPoint(privateKey, 'PKCS #8', algorithm)
  const isRsa = algorithm.oid === algorithms.rsaEncryption || algorithm.oid === algorithms.rsassaPss
  if (isRsa && !hasItsPrimes(privateKey)) return undefined
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const found = open(key, 'PKCS #8')
  // A seed or scalar after its header; longer ones prove themselves by their structure.
  const isShort = privateKey.length < 80
  return isShort && !mayBeSecret(privateKey.subarray(2), fingerprintIn(found)) ? undefined : found
}

function fingerprintIn(key: DerKey): string {
  return key.kind === 'open' ? key.half.fingerprint : ''
}

/** RSAPrivateKey of RFC 8017 appendix A.1.2 has nine numbers; what OpenSSL writes for DSA has six. */
function readNumbers(outer: DerReader, der: Uint8Array): DerKey | undefined {
  const numbers: bigint[] = []
  while (outer.peek() === tag.integer && numbers.length < 9) numbers.push(outer.bigInteger(2_049))
  if (outer.hasMore) return undefined
  if (numbers.length === 8 && hasItsPrimes(der)) {
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs1' })
    return open(key, 'PKCS #1')
  }
  return numbers.length === 5 ? readDsa(numbers) : undefined
}

/** RFC 8017 section 3.2: n is p times q, and 512 bits are the least that was ever used. */
function hasItsPrimes(key: Uint8Array): boolean {
  return readDer(key, limits.privateKey, (reader) => {
    const sequence = reader.sequence()
    if (sequence.smallInteger(1) !== 0) return false
    const [modulus = 0n, , , first = 0n, second = 0n] = Array.from({ length: 8 }, () =>
      sequence.bigInteger(2_049),
    )
    return modulus >> 500n > 0n && first > 1n && second > 1n && first * second === modulus
  })
}

/** FIPS 186-4 section 4.1: y is g to the x, modulo p. Rewritten as PKCS #8 (RFC 5958), which OpenSSL takes. */
function readDsa(numbers: readonly bigint[]): DerKey | undefined {
  const [p = 0n, q = 0n, g = 0n, y = 0n, x = 0n] = numbers
  if (p >> 500n === 0n || p >> 3_072n > 0n || q >> 150n === 0n || q >> 256n > 0n || x >= q)
    return undefined
  if (power(g, x, p) !== y) return undefined
  const parameters = encodeDer((writer) =>
    writer.sequence(() => {
      for (const number of [p, q, g]) writer.integer(number)
    }),
  )
  const privateKey = encodeDer((writer) => writer.integer(x))
  const der = encodePrivateKeyInfo({
    algorithm: encodeAlgorithmIdentifier(algorithms.dsa, parameters),
    privateKey,
  })
  return open(
    createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    'the DSA form of OpenSSL',
  )
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square, rest] = [1n, base % modulus, exponent]
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** Which curve a scalar of so many octets belongs to, where the key does not say: the usual ones. */
const curvesByOctets: ReadonlyMap<number, readonly string[]> = new Map([
  [28, ['1.3.132.0.33']],
  [32, ['1.2.840.10045.3.1.7', '1.3.132.0.10', '1.3.36.3.3.2.8.1.1.7']],
  [48, ['1.3.132.0.34', '1.3.36.3.3.2.8.1.1.11']],
  [66, ['1.3.132.0.35']],
])

/**
 * ECPrivateKey of RFC 5915. OpenSSL believes the public half that the key carries along, so it is computed here.
 *
 * Without a point beside it, and without an algorithm around it, nothing shows that it is a key.
 */
function openPoint(
  sec1: Uint8Array,
  form: string,
  around: AlgorithmIdentifier | undefined,
): DerKey | undefined {
  const { scalar, parameters, point } = readDer(sec1, limits.privateKey, readPoint)
  const own = around?.parameters ?? parameters
  if (own === undefined && point === undefined) return undefined
  const candidates = own === undefined ? (curvesByOctets.get(scalar.length) ?? []) : [own]
  for (const candidate of candidates) {
    const algorithm =
      typeof candidate === 'string'
        ? encodeAlgorithmIdentifier(
            algorithms.ecPublicKey,
            encodeDer((writer) => writer.oid(candidate as never)),
          )
        : encodeAlgorithmIdentifier(algorithms.ecPublicKey, candidate)
    const key = pointKey(algorithm, scalar, point)
    if (key === undefined) continue
    const found = open(key, form)
    if (point !== undefined || mayBeSecret(scalar, fingerprintIn(found))) return found
  }
  return undefined
}

function readPoint(reader: DerReader) {
  const inner = reader.sequence()
  inner.smallInteger(1)
  const scalar = inner.octets()
  const parameters = inner.hasContext(0) ? inner.context(0).any() : undefined
  const point = inner.hasContext(1)
    ? inner.constructed(contextConstructed(1)).bitStringOctets()
    : undefined
  inner.end()
  return { scalar, parameters, point }
}

/** The key of this scalar, if it is in range and gives the point beside it. */
function pointKey(
  algorithm: AlgorithmIdentifier,
  scalar: Uint8Array,
  point: Uint8Array | undefined,
): KeyObject | undefined {
  try {
    const privateKey = encodeDer((writer) =>
      writer.sequence(() => {
        writer.integer(1)
        writer.octets(scalar)
      }),
    )
    const der = encodePrivateKeyInfo({ algorithm, privateKey })
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const curve = key.asymmetricKeyDetails?.namedCurve
    if (curve === undefined || point === undefined) return key
    const ecdh = createECDH(curve)
    ecdh.setPrivateKey(scalar)
    const due = ecdh.getPublicKey('hex', point[0] === 4 ? 'uncompressed' : 'compressed')
    return due === point.toHex() ? key : undefined
  } catch (error) {
    if (isCryptoRefusal(error) || isKeyRefusal(error)) return undefined
    throw error
  }
}

/** Of `ECDH.setPrivateKey`, for a scalar that is zero or not below the order. */
function isKeyRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_CRYPTO_INVALID_KEYTYPE'
}

function open(key: KeyObject, form: string): DerKey {
  return { kind: 'open', form, half: publicHalfOf(key) }
}
