// SPDX-License-Identifier: Apache-2.0

import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithmIds, readAlgorithm, readHash, type TpmHash } from '../algorithms.ts'
import { readTpm, type TpmReader } from '../reader.ts'
import { encodeTpm, type TpmWriter } from '../writer.ts'

/** TPMT_SIGNATURE: what TPM2_Sign, TPM2_Certify and TPM2_Quote make. Part 2 section 11.3.4. */
export type TpmSignature =
  | {
      readonly scheme: 'rsassa' | 'rsapss'
      readonly hash: TpmHash
      /** As long as the modulus. */
      readonly signature: Uint8Array
    }
  | {
      readonly scheme: 'ecdsa'
      readonly hash: TpmHash
      /** Big-endian, with or without leading zeros. */
      readonly r: Uint8Array
      readonly s: Uint8Array
    }

/** RSA-4096, and a coordinate of P-521. */
const mostRsaOctets = 512
const mostEccOctets = 66

/** @throws FormatError; a scheme that is not of the three is named */
export function parseTpmSignature(bytes: Uint8Array): TpmSignature {
  return readTpm(bytes, readTpmSignature)
}

export function encodeTpmSignature(value: TpmSignature): Uint8Array {
  return encodeTpm((writer) => writeTpmSignature(writer, value))
}

export function readTpmSignature(reader: TpmReader): TpmSignature {
  const scheme = readAlgorithm(reader, ['rsassa', 'rsapss', 'ecdsa'], 'signature scheme')
  const hash = readHash(reader)
  if (scheme !== 'ecdsa') return { scheme, hash, signature: readFilled(reader, mostRsaOctets) }
  const r = readFilled(reader, mostEccOctets)
  return { scheme, hash, r, s: readFilled(reader, mostEccOctets) }
}

function readFilled(reader: TpmReader, most: number): Uint8Array {
  const at = reader.offset
  const value = reader.sized(most)
  if (value.length === 0) throw new FormatError('element-missing', at, 'an empty number')
  return value
}

export function writeTpmSignature(writer: TpmWriter, value: TpmSignature): void {
  writer.uint16(algorithmIds[value.scheme])
  writer.uint16(algorithmIds[value.hash])
  if (value.scheme !== 'ecdsa') {
    writer.sized(value.signature)
    return
  }
  writer.sized(value.r)
  writer.sized(value.s)
}

/**
 * The signature as X.509, CMS and `node:crypto` want it: ECDSA as DER of ECDSA-Sig-Value, RSA as its octets.
 *
 * @see RFC 3279 section 2.2.3
 */
export function signatureOctets(value: TpmSignature): Uint8Array {
  if (value.scheme !== 'ecdsa') return value.signature
  const { r, s } = value
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(numberOf(r))
      writer.integer(numberOf(s))
    }),
  )
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytes.toHex()}`)
}
