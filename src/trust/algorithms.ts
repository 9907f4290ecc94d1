// SPDX-License-Identifier: Apache-2.0
/**
 * Every algorithm of keys and signatures, one row each. Adding one is a row, plus its vectors.
 *
 * Any row of `signatureAlgorithms` may certify a key of any row of `keyAlgorithms`.
 */
import type { Oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { keyRows } from './algorithms/key-rows.ts'
import type { KeyRow, KeyUse, SignatureRow } from './algorithms/row.ts'
import { signatureRows } from './algorithms/signature-rows.ts'
import { rsaPssSignature } from './rsa-pss.ts'

export type { CanonicalRule, KeyUse, Sunset } from './algorithms/row.ts'

export type KeyAlgorithmName = keyof typeof keyRows
export type SignatureAlgorithmName = keyof typeof signatureRows

export interface KeyAlgorithm extends KeyRow {
  readonly name: KeyAlgorithmName
}
export interface SignatureAlgorithm extends SignatureRow {
  readonly name: SignatureAlgorithmName
}

export const keyAlgorithms: Readonly<Record<KeyAlgorithmName, KeyAlgorithm>> = named(keyRows)
export const signatureAlgorithms: Readonly<Record<SignatureAlgorithmName, SignatureAlgorithm>> =
  named(signatureRows)

/**
 * The signature algorithm that a key of ours signs with.
 *
 * @throws TypeError if such a key signs nothing: `uses` of its row says so
 */
export function signatureAlgorithmFor(key: KeyAlgorithmName): SignatureAlgorithm {
  const { signsWith } = keyAlgorithms[key]
  if (signsWith === null) throw new TypeError(`a key of ${key} signs nothing`)
  return signatureAlgorithms[signsWith]
}

/** The algorithms whose keys serve this use, in the order of the table. */
export function keyAlgorithmsFor(use: KeyUse): readonly KeyAlgorithm[] {
  return Object.values(keyAlgorithms).filter(({ uses }) => uses.includes(use))
}

/** Narrows text from a table or a file to an algorithm's name. */
export function isKeyAlgorithmName(text: string): text is KeyAlgorithmName {
  return Object.hasOwn(keyRows, text)
}

/** Narrows text from a table or a file to the name of a signature algorithm. */
export function isSignatureAlgorithmName(text: string): text is SignatureAlgorithmName {
  return Object.hasOwn(signatureRows, text)
}

const keysByIdentifier = new Map<string, KeyAlgorithm>()
for (const row of Object.values(keyAlgorithms)) {
  const identifier = row.identifier.der.toHex()
  // RSA's rows differ by size alone: the first stands for all.
  if (!keysByIdentifier.has(identifier)) keysByIdentifier.set(identifier, row)
}
const keyOids = new Set<Oid>(Object.values(keyAlgorithms).map((row) => row.identifier.oid))
const signaturesByOid = new Map<Oid, SignatureAlgorithm>(
  Object.values(signatureAlgorithms).map((row) => [row.identifier.oid, row]),
)

/** The row of this identifier, parameters included; for RSA the smallest: see `findRsaAlgorithm`. */
export function findKeyAlgorithm(identifier: AlgorithmIdentifier): KeyAlgorithm | undefined {
  const found = keysByIdentifier.get(identifier.der.toHex())
  if (found !== undefined || identifier.oid !== algorithms.rsassaPss) return found
  return onlySignatureOf(identifier) && keyAlgorithms['rsa-pss-2048']
}

/**
 * The one signature that a key's parameters leave it; undefined: any of its family.
 *
 * @see RFC 4055 section 3.1: parameters of an RSASSA-PSS key bind it to one digest
 */
export function onlySignatureOf(identifier: AlgorithmIdentifier): SignatureAlgorithm | undefined {
  if (identifier.oid !== algorithms.rsassaPss || identifier.parameters === undefined) return
  const read = rsaPssSignature(identifier.parameters)
  return read.kind === 'row' ? signatureAlgorithms[read.name] : undefined
}

/** The row of RSA keys of this OID whose modulus has exactly so many bits. */
export function findRsaAlgorithm(modulusBits: number, oid: Oid): KeyAlgorithm | undefined {
  return Object.values(keyAlgorithms).find(
    (row) => row.canonical === 'modulus' && row.bits === modulusBits && row.identifier.oid === oid,
  )
}

/** Whether the OID is known for keys, whatever its parameters. */
export function isKeyOid(identifier: AlgorithmIdentifier): boolean {
  return keyOids.has(identifier.oid)
}

/**
 * The row of this OID; the caller compares the parameters.
 *
 * RSASSA-PSS is one OID for three rows: its parameters choose, in any of the encodings that RFC 4055 allows.
 */
export function findSignatureAlgorithm(
  identifier: AlgorithmIdentifier,
): SignatureAlgorithm | undefined {
  if (identifier.oid !== algorithms.rsassaPss) return signaturesByOid.get(identifier.oid)
  const read = rsaPssSignature(identifier.parameters)
  return read.kind === 'row' ? signatureAlgorithms[read.name] : undefined
}

function named<N extends string, Row>(rows: Readonly<Record<N, Row>>) {
  const pairs = Object.entries<Row>(rows).map(([name, row]) => [name, { name, ...row }])
  return Object.fromEntries(pairs) as Readonly<Record<N, Row & { readonly name: N }>>
}
