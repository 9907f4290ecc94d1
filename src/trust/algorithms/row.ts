// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { signatureRows } from './signature-rows.ts'

/**
 * What a key of ours may be made for; a profile may only narrow it.
 *
 * `request`: it signs the request for its own certificate. `tls`: it proves itself in a TLS handshake.
 */
export type KeyUse = 'authority' | 'device' | 'firmware' | 'log' | 'request' | 'server' | 'tls'

/** When an algorithm should no longer be chosen, nor believed; each date counts to its last second, UTC. */
export interface Sunset {
  /** The last instant of a new key's life. */
  readonly date: Temporal.Instant
  /** The last instant at which a signature counts. */
  readonly verifyUntil: Temporal.Instant
  readonly source: string
}

/**
 * How two encodings of one key are recognised as one: the bytes that name the key itself.
 *
 * `coefficients` are the key's own octets too, of which each number of twelve bits is below 3329.
 */
export type CanonicalRule = 'modulus' | 'affine-point' | 'edwards-point' | 'raw' | 'coefficients'

/** What stands inside PKCS #8: with a seed, a key is kept as that. */
export type PrivateForm = 'ml-dsa' | 'ml-kem' | 'own'

/** How `node:crypto` names it when a key is made. */
export type Make =
  | { readonly type: 'rsa' | 'rsa-pss' }
  | { readonly type: 'ec'; readonly namedCurve: string }
  | { readonly type: PlainType }

/** Those of which `node:crypto` needs the name alone. */
export type PlainType =
  | 'ed25519'
  | 'ed448'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87'
  | `ml-kem-${512 | 768 | 1024}`
  | SlhDsaName

export type SlhDsaName = `slh-dsa-${'sha2' | 'shake'}-${128 | 192 | 256}${'s' | 'f'}`

export interface KeyRow {
  /** As it stands in a SubjectPublicKeyInfo of ours. */
  readonly identifier: AlgorithmIdentifier
  /** Size as people name it: of the modulus, of the field, of the encoded key. */
  readonly bits: number
  /** Octets of the canonical material (for a modulus: of the modulus). */
  readonly materialOctets: number
  readonly canonical: CanonicalRule
  readonly privateForm: PrivateForm
  /** Bits of security against a classical computer (SP 800-57 part 1, table 2; FIPS 203, 204, 205). */
  readonly strength: number
  /** Whether it withstands a quantum computer as far as is known. */
  readonly postQuantum: boolean
  readonly sunset: Sunset | undefined
  readonly uses: readonly KeyUse[]
  /** What a key of ours signs with; null: it signs nothing. */
  readonly signsWith: keyof typeof signatureRows | null
  readonly make: Make
}

export interface SignatureRow {
  /** As it stands in what we sign. */
  readonly identifier: AlgorithmIdentifier
  /** The families of keys that make it: the OIDs of their SubjectPublicKeyInfo. */
  readonly keyOids: readonly Oid[]
  /** The digest that the caller of `node:crypto` names; null: the algorithm has its own. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
  /**
   * Octets of salt in RSASSA-PSS, neither more nor fewer; `longest`: as many as the modulus has room for beside the
   * digest; null: it is another algorithm.
   */
  readonly saltOctets: number | 'longest' | null
  /** Bits of security that the digest leaves, at most. */
  readonly strength: number
}
