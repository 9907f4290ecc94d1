// SPDX-License-Identifier: Apache-2.0

import { limits } from '#format/der/budget.ts'
import { type Oid, oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { curves, type TpmCurve } from '../algorithms.ts'
import type { TpmEccPublic, TpmPublic, TpmRsaPublic } from './public.ts'

/** RFC 5480 section 2.1.1.1. */
const curveOids: Readonly<Record<TpmCurve, Oid>> = {
  'p-256': oid('1.2.840.10045.3.1.7'),
  'p-384': oid('1.3.132.0.34'),
  'p-521': oid('1.3.132.0.35'),
}

const derNull = Uint8Array.of(0x05, 0x00)

/** TPMS_RSA_PARMS: "if zero, the exponent is the default of 2^16 + 1". Part 2 section 12.2.3.5. */
export const defaultExponent = 65_537

/**
 * The key alone as X.509 carries it: an uncompressed point with full coordinates, or modulus and exponent.
 *
 * @throws FormatError `value-not-allowed` for a template that has no key in it
 */
export function encodeSpki(value: TpmPublic): SubjectPublicKeyInfo {
  return value.type === 'rsa' ? encodeRsa(value) : encodeEcc(value)
}

function encodeRsa({ modulus, exponent }: TpmRsaPublic): SubjectPublicKeyInfo {
  if (modulus.length === 0) throw new FormatError('value-not-allowed', 0, 'no modulus')
  const key = encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(BigInt(`0x${modulus.toHex()}`))
      writer.integer(BigInt(exponent === 0 ? defaultExponent : exponent))
    }),
  )
  return encodeSubjectPublicKeyInfo(
    encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull),
    key,
  )
}

function encodeEcc({ curve, x, y }: TpmEccPublic): SubjectPublicKeyInfo {
  const { octets } = curves[curve]
  const key = new Uint8Array(1 + 2 * octets)
  key[0] = 4
  key.set(padCoordinate(x, octets), 1)
  key.set(padCoordinate(y, octets), 1 + octets)
  const parameters = encodeDer((writer) => writer.oid(curveOids[curve]))
  return encodeSubjectPublicKeyInfo(
    encodeAlgorithmIdentifier(algorithms.ecPublicKey, parameters),
    key,
  )
}

/**
 * A coordinate with exactly so many octets.
 *
 * @throws FormatError `value-not-allowed` if it is greater than that, or empty
 */
export function padCoordinate(coordinate: Uint8Array, octets: number): Uint8Array {
  const zeros = coordinate.length - octets
  if (
    coordinate.length === 0 ||
    coordinate.subarray(0, Math.max(0, zeros)).some((one) => one !== 0)
  )
    throw new FormatError('value-not-allowed', 0, `a coordinate of ${coordinate.length} octets`)
  const padded = new Uint8Array(octets)
  padded.set(coordinate.subarray(Math.max(0, zeros)), Math.max(0, -zeros))
  return padded
}

/**
 * A public area that has the key of an X.509 structure and all else from a template: an endorsement key known by its
 * certificate alone.
 *
 * @throws FormatError `value-not-allowed` if the key does not fit the template, or its point is not uncompressed
 */
export function publicFromSpki(spki: SubjectPublicKeyInfo, template: TpmPublic): TpmPublic {
  return template.type === 'rsa' ? rsaFrom(spki, template) : eccFrom(spki, template)
}

function rsaFrom({ algorithm, key }: SubjectPublicKeyInfo, template: TpmRsaPublic): TpmPublic {
  if (algorithm.oid !== algorithms.rsaEncryption) throw unfit('not an RSA key')
  const { modulus, exponent } = readDer(key, limits.small, (reader) => {
    const sequence = reader.sequence()
    const modulus = sequence.bigInteger(513)
    const exponent = sequence.bigInteger(9)
    sequence.end()
    return { modulus, exponent }
  })
  const hex = modulus.toString(16)
  if (modulus <= 0n || hex.length !== template.bits / 4) throw unfit(`not RSA ${template.bits}`)
  const wanted = BigInt(template.exponent === 0 ? defaultExponent : template.exponent)
  if (exponent !== wanted) throw unfit(`exponent ${exponent}, not ${wanted}`)
  return { ...template, modulus: Uint8Array.fromHex(hex) }
}

function eccFrom({ algorithm, key }: SubjectPublicKeyInfo, template: TpmEccPublic): TpmPublic {
  const { octets } = curves[template.curve]
  const expected = encodeDer((writer) => writer.oid(curveOids[template.curve]))
  const isCurve =
    algorithm.oid === algorithms.ecPublicKey &&
    algorithm.parameters?.toHex() === expected.toHex() &&
    key[0] === 4 &&
    key.length === 1 + 2 * octets
  if (!isCurve) throw unfit(`not an uncompressed point of ${template.curve}`)
  return { ...template, x: key.slice(1, 1 + octets), y: key.slice(1 + octets) }
}

function unfit(detail: string): FormatError {
  return new FormatError('value-not-allowed', 0, detail)
}
