// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName, SignatureAlgorithmName } from '../algorithms.ts'

export interface CoseAlgorithm {
  /** Its number in the registry of COSE algorithms. */
  readonly id: number
  readonly name: string
  readonly signature: SignatureAlgorithmName
  /** The one kind of key that makes it here, though COSE would let ES256 be made on any curve. */
  readonly key: KeyAlgorithmName
  /** ECDSA: the octets of r, and of s; null: the signature is one byte string. */
  readonly halfOctets: number | null
  /** Another number of the same algorithm is the one that we write. */
  readonly readOnly?: true
}

/** RFC 9053 section 2.1 and 2.2, RFC 9864 section 2, RFC 9964 section 3. The first of a key is the one that is written. */
export const coseAlgorithms: readonly CoseAlgorithm[] = [
  { id: -7, name: 'ES256', signature: 'ecdsa-sha256', key: 'p-256', halfOctets: 32 },
  {
    id: -9,
    name: 'ESP256',
    signature: 'ecdsa-sha256',
    key: 'p-256',
    halfOctets: 32,
    readOnly: true,
  },
  { id: -35, name: 'ES384', signature: 'ecdsa-sha384', key: 'p-384', halfOctets: 48 },
  {
    id: -51,
    name: 'ESP384',
    signature: 'ecdsa-sha384',
    key: 'p-384',
    halfOctets: 48,
    readOnly: true,
  },
  { id: -19, name: 'Ed25519', signature: 'ed25519', key: 'ed25519', halfOctets: null },
  { id: -8, name: 'EdDSA', signature: 'ed25519', key: 'ed25519', halfOctets: null, readOnly: true },
  { id: -48, name: 'ML-DSA-44', signature: 'ml-dsa-44', key: 'ml-dsa-44', halfOctets: null },
  { id: -49, name: 'ML-DSA-65', signature: 'ml-dsa-65', key: 'ml-dsa-65', halfOctets: null },
  { id: -50, name: 'ML-DSA-87', signature: 'ml-dsa-87', key: 'ml-dsa-87', halfOctets: null },
]

/** By its number, for who reads. */
export function findCoseAlgorithm(id: number): CoseAlgorithm | undefined {
  return coseAlgorithms.find((row) => row.id === id)
}

/** The one that is written of signatures of this algorithm by such a key. */
export function coseAlgorithmOf(
  signature: SignatureAlgorithmName,
  key: KeyAlgorithmName,
): CoseAlgorithm | undefined {
  return coseAlgorithms.find((row) => row.signature === signature && row.key === key)
}

/** As people read a number of a header. */
export function coseNameOf(id: number | undefined): string {
  if (id === undefined) return 'none named'
  const row = findCoseAlgorithm(id)
  return row === undefined ? `unknown (${id})` : row.name
}

/** The signature algorithms that COSE carries here, those without an end first where a form recommends one. */
export const coseSignatures = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ed25519',
  'ml-dsa-65',
  'ml-dsa-87',
  'ml-dsa-44',
] as const satisfies readonly SignatureAlgorithmName[]
