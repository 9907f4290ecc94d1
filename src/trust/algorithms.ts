// SPDX-License-Identifier: Apache-2.0
/**
 * Every algorithm of keys and signatures, one row each. Adding one is a row here, plus its vectors.
 *
 * Any row of `signatureAlgorithms` may certify a key of any row of `keyAlgorithms`.
 */
import type { Oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'

/** What a key of ours may be made for; a profile may only narrow it. */
export type KeyUse = 'device' | 'server' | 'authority' | 'firmware' | 'log'

/** When an algorithm should no longer be chosen, nor believed; each date counts to its last second, UTC. */
export interface Sunset {
  /** The last instant of a new key's life. */
  readonly date: Temporal.Instant
  /** The last instant at which a signature counts. */
  readonly verifyUntil: Temporal.Instant
  readonly source: string
}

/** How two encodings of one key are recognised as one: the bytes that name the key itself. */
export type CanonicalRule = 'modulus' | 'affine-point' | 'edwards-point' | 'raw'

interface KeyRow {
  /** As it stands in a SubjectPublicKeyInfo; its `der` is compared byte for byte. */
  readonly identifier: AlgorithmIdentifier
  /** Size as people name it: of the modulus, of the field, of the encoded key. */
  readonly bits: number
  /** Octets of the canonical material (for a modulus: of the modulus). */
  readonly materialOctets: number
  readonly canonical: CanonicalRule
  /** Bits of security against a classical computer (SP 800-57 part 1, table 2; FIPS 204, table 1). */
  readonly strength: number
  /** Whether it withstands a quantum computer as far as is known. */
  readonly postQuantum: boolean
  readonly sunset: Sunset | undefined
  readonly uses: readonly KeyUse[]
  /** What a key of ours signs with. */
  readonly signsWith: SignatureAlgorithmName
  /** How `node:crypto` names it when a key is made. */
  readonly make:
    | { readonly type: 'rsa' }
    | { readonly type: 'ec'; readonly namedCurve: string }
    | { readonly type: 'ed25519' | 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' }
}

interface SignatureRow {
  readonly identifier: AlgorithmIdentifier
  /** The family of keys that it belongs to: the OID of their SubjectPublicKeyInfo. */
  readonly keyOid: Oid
  /** The digest that the caller of `node:crypto` names; null: the algorithm has its own. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
  /** Bits of security that the digest leaves, at most. */
  readonly strength: number
}

/** RFC 3279 section 2.2.1, RFC 4055 section 5: for RSA PKCS #1 v1.5 the parameters MUST be NULL. */
const derNull = Uint8Array.of(0x05, 0x00)

const rsa = encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull)
/** RFC 5480 section 2.1.1: a named curve; RFC 8410 and RFC 9881: the parameters are absent. */
const p256 = encodeAlgorithmIdentifier(
  algorithms.ecPublicKey,
  Uint8Array.fromHex('06082a8648ce3d030107'),
)
const p384 = encodeAlgorithmIdentifier(algorithms.ecPublicKey, Uint8Array.fromHex('06052b81040022'))
const p521 = encodeAlgorithmIdentifier(algorithms.ecPublicKey, Uint8Array.fromHex('06052b81040023'))
const ed25519 = encodeAlgorithmIdentifier(algorithms.ed25519)
const mlDsa44 = encodeAlgorithmIdentifier(algorithms.mlDsa44)
const mlDsa65 = encodeAlgorithmIdentifier(algorithms.mlDsa65)
const mlDsa87 = encodeAlgorithmIdentifier(algorithms.mlDsa87)

const sunset112: Sunset = {
  date: Temporal.Instant.from('2030-12-31T23:59:59Z'),
  verifyUntil: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  source: 'NIST SP 800-57 part 1 rev 5, table 4; NIST IR 8547 ipd, table 2',
}
const sunsetClassical: Sunset = {
  date: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  verifyUntil: Temporal.Instant.from('2035-12-31T23:59:59Z'),
  source: 'NIST IR 8547 ipd, table 2',
}

const everything = ['device', 'server', 'authority', 'firmware', 'log'] as const

const keyRows = {
  'rsa-2048': {
    identifier: rsa,
    bits: 2048,
    materialOctets: 256,
    canonical: 'modulus',
    strength: 112,
    postQuantum: false,
    sunset: sunset112,
    // The CA/Browser Forum's code signing requirements forbid it for code since 2021-06.
    uses: ['device'],
    signsWith: 'rsa-sha256',
    make: { type: 'rsa' },
  },
  'rsa-3072': {
    identifier: rsa,
    bits: 3072,
    materialOctets: 384,
    canonical: 'modulus',
    strength: 128,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'rsa-sha256',
    make: { type: 'rsa' },
  },
  'rsa-4096': {
    identifier: rsa,
    bits: 4096,
    materialOctets: 512,
    canonical: 'modulus',
    strength: 140,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'rsa-sha384',
    make: { type: 'rsa' },
  },
  'p-256': {
    identifier: p256,
    bits: 256,
    materialOctets: 64,
    canonical: 'affine-point',
    strength: 128,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'ecdsa-sha256',
    make: { type: 'ec', namedCurve: 'P-256' },
  },
  'p-384': {
    identifier: p384,
    bits: 384,
    materialOctets: 96,
    canonical: 'affine-point',
    strength: 192,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'ecdsa-sha384',
    make: { type: 'ec', namedCurve: 'P-384' },
  },
  'p-521': {
    identifier: p521,
    bits: 521,
    materialOctets: 132,
    canonical: 'affine-point',
    strength: 256,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'ecdsa-sha512',
    make: { type: 'ec', namedCurve: 'P-521' },
  },
  ed25519: {
    identifier: ed25519,
    bits: 256,
    materialOctets: 32,
    canonical: 'edwards-point',
    strength: 128,
    postQuantum: false,
    sunset: sunsetClassical,
    uses: everything,
    signsWith: 'ed25519',
    make: { type: 'ed25519' },
  },
  'ml-dsa-44': {
    identifier: mlDsa44,
    bits: 10_496,
    materialOctets: 1312,
    canonical: 'raw',
    strength: 128,
    postQuantum: true,
    sunset: undefined,
    uses: everything,
    signsWith: 'ml-dsa-44',
    make: { type: 'ml-dsa-44' },
  },
  'ml-dsa-65': {
    identifier: mlDsa65,
    bits: 15_616,
    materialOctets: 1952,
    canonical: 'raw',
    strength: 192,
    postQuantum: true,
    sunset: undefined,
    uses: everything,
    signsWith: 'ml-dsa-65',
    make: { type: 'ml-dsa-65' },
  },
  'ml-dsa-87': {
    identifier: mlDsa87,
    bits: 20_736,
    materialOctets: 2592,
    canonical: 'raw',
    strength: 256,
    postQuantum: true,
    sunset: undefined,
    uses: everything,
    signsWith: 'ml-dsa-87',
    make: { type: 'ml-dsa-87' },
  },
} as const satisfies Record<string, KeyRow>

const signatureRows = {
  'rsa-sha256': {
    identifier: encodeAlgorithmIdentifier(algorithms.sha256WithRsa, derNull),
    keyOid: algorithms.rsaEncryption,
    digest: 'sha256',
    strength: 128,
  },
  'rsa-sha384': {
    identifier: encodeAlgorithmIdentifier(algorithms.sha384WithRsa, derNull),
    keyOid: algorithms.rsaEncryption,
    digest: 'sha384',
    strength: 192,
  },
  'rsa-sha512': {
    identifier: encodeAlgorithmIdentifier(algorithms.sha512WithRsa, derNull),
    keyOid: algorithms.rsaEncryption,
    digest: 'sha512',
    strength: 256,
  },
  'ecdsa-sha256': {
    identifier: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256),
    keyOid: algorithms.ecPublicKey,
    digest: 'sha256',
    strength: 128,
  },
  'ecdsa-sha384': {
    identifier: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha384),
    keyOid: algorithms.ecPublicKey,
    digest: 'sha384',
    strength: 192,
  },
  'ecdsa-sha512': {
    identifier: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha512),
    keyOid: algorithms.ecPublicKey,
    digest: 'sha512',
    strength: 256,
  },
  ed25519: { identifier: ed25519, keyOid: algorithms.ed25519, digest: null, strength: 128 },
  // RFC 9881 section 3: pure ML-DSA with an empty context; HashML-DSA MUST NOT be used.
  'ml-dsa-44': { identifier: mlDsa44, keyOid: algorithms.mlDsa44, digest: null, strength: 128 },
  'ml-dsa-65': { identifier: mlDsa65, keyOid: algorithms.mlDsa65, digest: null, strength: 192 },
  'ml-dsa-87': { identifier: mlDsa87, keyOid: algorithms.mlDsa87, digest: null, strength: 256 },
} as const satisfies Record<string, SignatureRow>

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

/** The signature algorithm that a key of ours signs with. */
export function signatureAlgorithmFor(key: KeyAlgorithmName): SignatureAlgorithm {
  return signatureAlgorithms[keyAlgorithms[key].signsWith]
}

/** Narrows text from a table or a file to an algorithm's name. */
export function isKeyAlgorithmName(text: string): text is KeyAlgorithmName {
  return Object.hasOwn(keyRows, text)
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
  return keysByIdentifier.get(identifier.der.toHex())
}

/** The row of RSA keys whose modulus has exactly so many bits. */
export function findRsaAlgorithm(modulusBits: number): KeyAlgorithm | undefined {
  return Object.values(keyAlgorithms).find(
    (row) => row.canonical === 'modulus' && row.bits === modulusBits,
  )
}

/** Whether the OID is known for keys, whatever its parameters. */
export function isKeyOid(identifier: AlgorithmIdentifier): boolean {
  return keyOids.has(identifier.oid)
}

/** The row of this OID; the caller compares the parameters. */
export function findSignatureAlgorithm(
  identifier: AlgorithmIdentifier,
): SignatureAlgorithm | undefined {
  return signaturesByOid.get(identifier.oid)
}

function named<N extends string, Row>(rows: Readonly<Record<N, Row>>) {
  const pairs = Object.entries<Row>(rows).map(([name, row]) => [name, { name, ...row }])
  return Object.fromEntries(pairs) as Readonly<Record<N, Row & { readonly name: N }>>
}
