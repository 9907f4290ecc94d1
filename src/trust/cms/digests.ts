// SPDX-License-Identifier: Apache-2.0
/** Which digest of the content stands in the signed attributes beside which signature. */
import { sameBytes } from '#format/bytes.ts'
import type { Oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import {
  findSignatureAlgorithm,
  type SignatureAlgorithm,
  type SignatureAlgorithmName,
  signatureAlgorithms,
} from '../algorithms.ts'
import type { DigestName } from '../digest-signature.ts'

/**
 * The digests that each signature may stand with, what is written first; a signature that is no row is not made in CMS.
 *
 * @see RFC 5754 (RSA, ECDSA), RFC 4056 (PSS), RFC 8419 section 3.1 (Ed25519: SHA-512 alone), RFC 9882 section 3.3
 *   (ML-DSA: none weaker than its own strength, SHA-512 always)
 */
const digestRows: Partial<
  Readonly<Record<SignatureAlgorithmName, readonly [DigestName, ...DigestName[]]>>
> = {
  'rsa-sha256': ['sha256'],
  'rsa-sha384': ['sha384'],
  'rsa-sha512': ['sha512'],
  'rsa-pss-sha256': ['sha256'],
  'rsa-pss-sha384': ['sha384'],
  'rsa-pss-sha512': ['sha512'],
  'ecdsa-sha256': ['sha256'],
  'ecdsa-sha384': ['sha384'],
  'ecdsa-sha512': ['sha512'],
  ed25519: ['sha512'],
  'ml-dsa-44': ['sha512', 'sha384', 'sha256'],
  'ml-dsa-65': ['sha512', 'sha384'],
  'ml-dsa-87': ['sha512'],
}

/** The signatures that stand in a CMS. */
export const cmsAlgorithms = Object.keys(digestRows) as readonly SignatureAlgorithmName[]

/** The digest of the content that a signer of this algorithm says; undefined: it does not sign a CMS. */
export function cmsDigestFor(name: SignatureAlgorithmName): DigestName | undefined {
  return digestRows[name]?.[0]
}

export function mayStandWith(algorithm: SignatureAlgorithm, digest: DigestName): boolean {
  return digestRows[algorithm.name]?.includes(digest) === true
}

const digestNames = new Map<Oid, DigestName>([
  [algorithms.sha256, 'sha256'],
  [algorithms.sha384, 'sha384'],
  [algorithms.sha512, 'sha512'],
])

/** RFC 5754 section 2: parameters absent, or NULL. */
export function findDigest({ oid, parameters }: AlgorithmIdentifier): DigestName | undefined {
  if (parameters !== undefined && parameters.toHex() !== '0500') return undefined
  return digestNames.get(oid)
}

export function digestIdentifier(digest: DigestName): AlgorithmIdentifier {
  return encodeAlgorithmIdentifier(algorithms[digest])
}

const derNull = Uint8Array.of(0x05, 0x00)
/** RFC 3370 section 3.2: whoever reads RSA reads this name of it, and not every one reads those with a digest. */
const plainRsa = encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull)

/** As it stands in a SignerInfo. */
export function cmsIdentifier(algorithm: SignatureAlgorithm): AlgorithmIdentifier {
  const isRsa = algorithm.keyOids.includes(algorithms.rsaEncryption)
  return isRsa && algorithm.saltOctets === null ? plainRsa : algorithm.identifier
}

/**
 * The row that a SignerInfo means, and the identifier that its signature is checked by; for plain RSA, the digest says
 * which.
 */
export function findCmsAlgorithm(
  identifier: AlgorithmIdentifier,
  digest: DigestName,
): { readonly row: SignatureAlgorithm; readonly identifier: AlgorithmIdentifier } | undefined {
  if (sameBytes(identifier.der, plainRsa.der)) {
    const row = signatureAlgorithms[`rsa-${digest}`]
    return { row, identifier: row.identifier }
  }
  const row = findSignatureAlgorithm(identifier)
  return row && { row, identifier }
}
