// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { findSignatureAlgorithm } from '#trust/algorithms.ts'
import { type Curve, type CurveName, curves, numberOf, octetsOf } from './curve.ts'

/** What an ECDSA signature is made of, and what it is over. */
export interface EcdsaParts {
  /** The digest of the message, whole, by the signature's own algorithm. */
  readonly digest: Uint8Array
  /** Both numbers in the octets of the order, the highest first. */
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** The digest that an algorithm of ECDSA signatures goes by; undefined: it is of another family. */
export function ecdsaDigestOf(identifier: AlgorithmIdentifier): string | undefined {
  const row = findSignatureAlgorithm(identifier)
  return row?.keyOids.includes(algorithms.ecPublicKey) === true
    ? (row.digest ?? undefined)
    : undefined
}

/**
 * Takes a signature apart; undefined if it is malformed, or its numbers are not below the order.
 *
 * Whether it is genuine is not checked: whoever asks has verified it, or had it verified when it came.
 *
 * @param digestName as `node:crypto` names it
 * @param signature DER, as X.509 carries it (RFC 3279 section 2.2.3)
 */
export function partsOf(
  curve: CurveName,
  digestName: string,
  message: Uint8Array,
  signature: Uint8Array,
): EcdsaParts | undefined {
  const pair = numbersIn(signature, curves[curve])
  return pair && { digest: Uint8Array.fromHex(hash(digestName, message, 'hex')), ...pair }
}

function numbersIn(signature: Uint8Array, { order, octets }: Curve) {
  const numbers = readNumbers(signature, octets)
  if (numbers?.every((number) => number > 0n && number < order) !== true) return undefined
  const [r, s] = numbers
  return { r: octetsOf(r, octets), s: octetsOf(s, octets) }
}

function readNumbers(signature: Uint8Array, octets: number): readonly [bigint, bigint] | undefined {
  try {
    return readDer(signature, limits.small, (reader) => {
      const pair = reader.sequence()
      const numbers = [pair.bigInteger(octets + 1), pair.bigInteger(octets + 1)] as const
      pair.end()
      return numbers
    })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return undefined
  }
}

/**
 * The number that is signed: the leading bits of the digest, as many as the order has.
 *
 * @see FIPS 186-5 section 6.4.1 step 2
 */
export function signedNumber(digest: Uint8Array, { order, orderBits }: Curve): bigint {
  const excess = digest.length * 8 - orderBits
  const number = numberOf(digest)
  return (excess > 0 ? number >> BigInt(excess) : number) % order
}
