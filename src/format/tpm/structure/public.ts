// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import {
  algorithmIds,
  curves,
  hashOctets,
  readAlgorithm,
  readCurve,
  readHash,
  type TpmCurve,
  type TpmHash,
} from '../algorithms.ts'
import { readTpm, type TpmReader } from '../reader.ts'
import { encodeTpm, type TpmWriter } from '../writer.ts'
import { attributesWord, type ObjectAttribute, readAttributes } from './attributes.ts'
import {
  type EccScheme,
  type KeyDerivation,
  type RsaScheme,
  readEccScheme,
  readKeyDerivation,
  readRsaScheme,
  readSymmetric,
  type Symmetric,
  writeScheme,
  writeSymmetric,
} from './scheme.ts'

interface Common {
  /** Its hash makes the Name. */
  readonly nameAlgorithm: TpmHash
  readonly attributes: readonly ObjectAttribute[]
  /** A digest of the name's hash, or empty: no policy. */
  readonly authPolicy: Uint8Array
  readonly symmetric: Symmetric | undefined
}

export interface TpmRsaPublic extends Common {
  readonly type: 'rsa'
  readonly scheme: RsaScheme | undefined
  readonly bits: number
  /** As it stands: 0 means 65537, and is another Name than 65537 written out. */
  readonly exponent: number
  /** Big-endian; as long as `bits` says in a key, of any length up to that in a template. */
  readonly modulus: Uint8Array
}

export interface TpmEccPublic extends Common {
  readonly type: 'ecc'
  readonly scheme: EccScheme | undefined
  readonly curve: TpmCurve
  readonly keyDerivation: KeyDerivation | undefined
  /** Big-endian; TPMs of some makers leave leading zeros out. Whether the point lies on the curve is not checked. */
  readonly x: Uint8Array
  readonly y: Uint8Array
}

/**
 * TPMT_PUBLIC: the public area of a key, of which its Name is made.
 *
 * Every field is kept as it stood, so that encoding gives the same bytes and the same Name.
 */
export type TpmPublic = TpmRsaPublic | TpmEccPublic

/**
 * Reads TPM2B_PUBLIC, as TPM2_ReadPublic and tpm2-tools give it.
 *
 * Bytes after the structure would be hashed into another Name by a careless reader, and are refused.
 *
 * @throws FormatError
 * @see TPM 2.0 Library Part 2 section 12.2.5
 */
export function parseSizedPublic(bytes: Uint8Array): TpmPublic {
  return readTpm(bytes, readSizedPublic)
}

export function encodeSizedPublic(value: TpmPublic): Uint8Array {
  return encodeTpm((writer) => writeSizedPublic(writer, value))
}

/** Reads TPMT_PUBLIC, without its size. @throws FormatError @see Part 2 section 12.2.4 */
export function parsePublic(bytes: Uint8Array): TpmPublic {
  return readTpm(bytes, readPublic)
}

export function encodePublic(value: TpmPublic): Uint8Array {
  return encodeTpm((writer) => writePublic(writer, value))
}

export function readSizedPublic(reader: TpmReader): TpmPublic {
  return reader.inside(readPublic)
}

export function writeSizedPublic(writer: TpmWriter, value: TpmPublic): void {
  writer.inside(() => writePublic(writer, value))
}

function readPublic(reader: TpmReader): TpmPublic {
  const type = readAlgorithm(reader, ['rsa', 'ecc'], 'key type')
  const nameAlgorithm = readHash(reader, 'name algorithm')
  const attributes = readAttributes(reader)
  const authPolicy = readPolicy(reader, nameAlgorithm)
  const symmetric = readSymmetric(reader)
  const common = { nameAlgorithm, attributes, authPolicy, symmetric }
  return type === 'rsa' ? readRsa(reader, common) : readEcc(reader, common)
}

function readPolicy(reader: TpmReader, hash: TpmHash): Uint8Array {
  const at = reader.offset
  const policy = reader.sized(hashOctets[hash])
  if (policy.length === 0 || policy.length === hashOctets[hash]) return policy
  throw new FormatError('value-not-allowed', at, `a policy of ${policy.length} octets by ${hash}`)
}

/** Part 2 section 12.2.3.5: TPMS_RSA_PARMS; the sizes are those of deployed TPMs. */
function readRsa(reader: TpmReader, common: Common): TpmRsaPublic {
  const scheme = readRsaScheme(reader)
  const at = reader.offset
  const bits = reader.uint16()
  if (![1024, 2048, 3072, 4096].includes(bits))
    throw new FormatError('value-not-allowed', at, `RSA with ${bits} bits`)
  const exponent = reader.uint32()
  const start = reader.offset
  const modulus = reader.sized(bits / 8)
  if (modulus.length !== bits / 8)
    throw new FormatError('value-not-allowed', start, `a modulus of ${modulus.length} octets`)
  return { type: 'rsa', ...common, scheme, bits, exponent, modulus }
}

/** Part 2 section 12.2.3.6: TPMS_ECC_PARMS. */
function readEcc(reader: TpmReader, common: Common): TpmEccPublic {
  const scheme = readEccScheme(reader)
  const curve = readCurve(reader)
  const keyDerivation = readKeyDerivation(reader)
  const x = readCoordinate(reader, curve)
  const y = readCoordinate(reader, curve)
  return { type: 'ecc', ...common, scheme, curve, keyDerivation, x, y }
}

/** TPM2B_ECC_PARAMETER: leading zeros may be absent, or one too many be there. */
function readCoordinate(reader: TpmReader, curve: TpmCurve): Uint8Array {
  const at = reader.offset
  const { octets } = curves[curve]
  const coordinate = reader.sized(octets + 1)
  if (coordinate.length === 0)
    throw new FormatError('element-missing', at, 'a coordinate of no octet')
  if (coordinate.length <= octets || coordinate[0] === 0) return coordinate
  throw new FormatError('value-not-allowed', at, `a coordinate over ${octets} octets`)
}

function writePublic(writer: TpmWriter, value: TpmPublic): void {
  writer.uint16(algorithmIds[value.type])
  writer.uint16(algorithmIds[value.nameAlgorithm])
  writer.uint32(attributesWord(value.attributes))
  writer.sized(value.authPolicy)
  writeSymmetric(writer, value.symmetric)
  writeScheme(writer, value.scheme)
  if (value.type === 'rsa') {
    writer.uint16(value.bits)
    writer.uint32(value.exponent)
    writer.sized(value.modulus)
    return
  }
  writer.uint16(curves[value.curve].id)
  writeScheme(writer, value.keyDerivation)
  writer.sized(value.x)
  writer.sized(value.y)
}
