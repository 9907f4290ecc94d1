// SPDX-License-Identifier: Apache-2.0
/** Keys as the boot ROM of these chips computes with them. */
import { concatBytes } from '#format/bytes.ts'
import { joinEcdsaSignature, splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import { type EspScheme, espCurves } from '#format/firmware/boot/esp-signature.ts'
import type { KeyAlgorithmName, SignatureAlgorithmName } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import type { DigestName } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { montgomeryOf } from '../montgomery.ts'

export interface EspKind {
  readonly scheme: EspScheme
  readonly algorithm: SignatureAlgorithmName
  readonly digest: DigestName
}

const rsa = { scheme: 'rsa3072', algorithm: 'rsa-pss-sha256', digest: 'sha256' } as const
const p256 = { scheme: 'p256', algorithm: 'ecdsa-sha256', digest: 'sha256' } as const
const p384 = { scheme: 'p384', algorithm: 'ecdsa-sha384', digest: 'sha384' } as const

export const espKinds: Partial<Readonly<Record<KeyAlgorithmName, EspKind>>> = {
  ...{ 'rsa-3072': rsa, 'rsa-pss-3072': rsa, 'p-256': p256, 'p-384': p384 },
}
export const kindOfScheme = { rsa3072: rsa, p256, p384 } as const satisfies Record<
  EspScheme,
  EspKind
>

/**
 * The chips that know one family alone, by the number in the header of an image; the others know both.
 *
 * @see ESP-IDF docs/en/security/secure-boot-v2.rst
 */
const oneFamily: ReadonlyMap<number, { readonly chip: string; readonly family: 'rsa' | 'ecdsa' }> =
  new Map([
    [0x00, { chip: 'ESP32', family: 'rsa' }],
    [0x02, { chip: 'ESP32-S2', family: 'rsa' }],
    [0x05, { chip: 'ESP32-C3', family: 'rsa' }],
    [0x09, { chip: 'ESP32-S3', family: 'rsa' }],
    [0x0c, { chip: 'ESP32-C2', family: 'ecdsa' }],
  ])

/** Why a chip would never take a signature of this kind; undefined: it may. */
export function chipFault(chip: number, { algorithm }: EspKind): string | undefined {
  const known = oneFamily.get(chip)
  return known === undefined || algorithm.startsWith(known.family)
    ? undefined
    : `the image is for ${known.chip}, which checks ${known.family.toUpperCase()} alone`
}

/**
 * The key in a block. RSA: n, e, 2^6144 mod n and -n^-1 mod 2^32, so that the ROM can multiply after Montgomery;
 * ECDSA: the number of the curve, x and y.
 *
 * @throws TypeError if these chips check no such key
 * @see ESP-IDF docs/en/security/secure-boot-v2.rst; esptool espsecure/__init__.py, _get_sbv2_rsa_primitives
 */
export function espKeyOctets(key: PublicKey): Uint8Array {
  const kind = espKinds[key.algorithm]
  if (kind === undefined) throw new TypeError(`secure boot v2 checks no key of ${key.algorithm}`)
  if (kind.scheme === 'rsa3072') return rsaOctets(key)
  const half = key.material.length / 2
  return concatBytes([
    Uint8Array.of(espCurves[kind.scheme]),
    key.material.slice(0, half).reverse(),
    key.material.slice(half).reverse(),
  ])
}

function rsaOctets(key: PublicKey): Uint8Array {
  const { exponent, squaredResidue, negativeInverse } = montgomeryOf(key)
  if (exponent >= 2n ** 32n) throw new TypeError('the ROM takes exponents of 32 bits')
  return concatBytes([
    key.material.slice().reverse(),
    littleEndian(Number(exponent)),
    squaredResidue.slice().reverse(),
    littleEndian(negativeInverse),
  ])
}

function littleEndian(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value, true)
  return octets
}

/** What is burnt into the eFuses for this key: SHA-256 of it as it stands in a block. */
export function espKeyDigest(key: PublicKey): Uint8Array {
  return sha256(espKeyOctets(key))
}

/** From X.509's form to that of a block. @throws FormatError if it is no signature of this scheme */
export function espSignatureOctets(scheme: EspScheme, signature: Uint8Array): Uint8Array {
  if (scheme === 'rsa3072') return signature.slice().reverse()
  const half = scheme === 'p256' ? 32 : 48
  return reversedHalves(splitEcdsaSignature(signature, half))
}

/** And back. */
export function x509Signature(scheme: EspScheme, octets: Uint8Array): Uint8Array {
  if (scheme === 'rsa3072') return octets.slice().reverse()
  return joinEcdsaSignature(reversedHalves(octets))
}

function reversedHalves(octets: Uint8Array): Uint8Array {
  const half = octets.length / 2
  return concatBytes([octets.slice(0, half).reverse(), octets.slice(half).reverse()])
}
