// SPDX-License-Identifier: Apache-2.0
/** Which keys MCUboot checks, and how each signs, is named and is written. */
import { concatBytes, sameBytes } from '#format/bytes.ts'
import { type McubootValueName, mcubootValues } from '#format/firmware/boot/mcuboot-values.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import {
  type KeyAlgorithmName,
  keyAlgorithms,
  type SignatureAlgorithmName,
} from '#trust/algorithms.ts'
import { type DigestName, digestBy } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'

export interface McubootKind {
  readonly algorithm: SignatureAlgorithmName
  /** The trailer value that holds its signature. */
  readonly value: McubootValueName
  /** What the image may be digested by; the first unless somebody chooses. */
  readonly digests: readonly DigestName[]
}

const rsa3072 = {
  ...({ algorithm: 'rsa-pss-sha256', value: 'rsa3072', digests: ['sha256'] } as const),
} satisfies McubootKind
const rsa2048 = { ...rsa3072, value: 'rsa2048' } as const satisfies McubootKind

/** Those of which MCUboot has builds. @see MCUboot scripts/imgtool/image.py, ALLOWED_KEY_SHA */
export const mcubootKinds: Partial<Readonly<Record<KeyAlgorithmName, McubootKind>>> = {
  'p-256': { algorithm: 'ecdsa-sha256', value: 'ecdsa', digests: ['sha256'] },
  'p-384': { algorithm: 'ecdsa-sha384', value: 'ecdsa', digests: ['sha384'] },
  ed25519: { algorithm: 'ed25519', value: 'ed25519', digests: ['sha256', 'sha512'] },
  ...{ 'rsa-3072': rsa3072, 'rsa-pss-3072': rsa3072 },
  ...{ 'rsa-2048': rsa2048, 'rsa-pss-2048': rsa2048 },
}

/** The name of each digest's trailer value. */
export const digestValues = ['sha256', 'sha384', 'sha512'] as const satisfies readonly DigestName[]

/** Whether a trailer value holds a signature. */
export function isSignatureValue(type: number): boolean {
  return Object.values(mcubootKinds).some(({ value }) => mcubootValues[value].type === type)
}

/**
 * A public key as MCUboot holds it: SubjectPublicKeyInfo with an uncompressed point, and for RSA the
 * RSAPublicKey of PKCS #1. DER.
 */
export function mcubootKeyOctets({ algorithm, material, spki }: PublicKey): Uint8Array {
  const row = keyAlgorithms[algorithm]
  if (row.canonical === 'modulus') return parseSubjectPublicKeyInfo(spki).key
  if (row.canonical !== 'affine-point') return spki
  const point = concatBytes([Uint8Array.of(4), material])
  return encodeSubjectPublicKeyInfo(row.identifier, point).der
}

/** The key that a trailer value names, by its digest or in whole. */
export function findNamedKey(
  keys: readonly PublicKey[],
  named: { readonly type: number; readonly bytes: Uint8Array },
): PublicKey | undefined {
  const whole = named.type === mcubootValues.publicKey.type
  return keys.find((key) => {
    const octets = mcubootKeyOctets(key)
    if (whole) return sameBytes(octets, named.bytes)
    return digestValues.some((digest) => sameBytes(digestBy(digest, octets), named.bytes))
  })
}
