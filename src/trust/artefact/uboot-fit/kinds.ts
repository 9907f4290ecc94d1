// SPDX-License-Identifier: Apache-2.0
/** The words by which U-Boot names signatures, and the keys that make them. */
import { joinEcdsaSignature, splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import type { SignatureAlgorithmName } from '#trust/algorithms.ts'
import { type KeyAlgorithmName, signatureAlgorithms } from '#trust/algorithms.ts'
import type { DigestName } from '#trust/digest-signature.ts'

const keyWords = {
  'rsa-2048': 'rsa2048',
  'rsa-3072': 'rsa3072',
  'rsa-4096': 'rsa4096',
  'p-256': 'ecdsa256',
  'p-384': 'ecdsa384',
} as const satisfies Partial<Record<KeyAlgorithmName, string>>

const pssAlgorithms = [
  'rsa-pss-sha256-longest-salt',
  'rsa-pss-sha384-longest-salt',
  'rsa-pss-sha512-longest-salt',
] as const

/** Of RSASSA-PSS the longest salt alone: U-Boot takes what is before it for no padding. @see lib/rsa/rsa-verify.c */
export const fitAlgorithms = [
  ...(['rsa-sha256', 'ecdsa-sha256', 'ecdsa-sha384', 'rsa-sha384', 'rsa-sha512'] as const),
  ...pssAlgorithms,
] satisfies readonly SignatureAlgorithmName[]

/** What `padding` of a signature node says of RSA: PKCS #1 v1.5 where it says nothing. */
export const fitPaddings = ['pkcs-1.5', 'pss'] as const
export type FitPadding = (typeof fitPaddings)[number]

/** How a FIT says by what it is signed. */
export interface FitKind {
  readonly key: KeyAlgorithmName
  readonly algorithm: SignatureAlgorithmName
  /** `sha256,rsa3072` */
  readonly words: string
  /** Undefined: it is no RSA. */
  readonly padding: FitPadding | undefined
}

/** How a key signs a FIT by an algorithm; undefined: U-Boot checks none such. */
export function fitKindOf(
  key: KeyAlgorithmName,
  algorithm: SignatureAlgorithmName,
): FitKind | undefined {
  const word = Object.hasOwn(keyWords, key) ? keyWords[key as keyof typeof keyWords] : undefined
  if (word === undefined || !fitAlgorithms.some((one) => one === algorithm)) return undefined
  const { digest, saltOctets } = signatureAlgorithms[algorithm]
  const isRsa = word.startsWith('rsa')
  if (digest === null || algorithm.startsWith('rsa') !== isRsa) return undefined
  // The digest of a curve's own size: another is cut or filled, which drivers do not agree on.
  if (!isRsa && digest !== (word === 'ecdsa256' ? 'sha256' : 'sha384')) return undefined
  const padding = !isRsa ? undefined : saltOctets === null ? 'pkcs-1.5' : 'pss'
  return { key, algorithm, words: `${digest},${word}`, padding }
}

/** What a signature node says. */
export interface StatedFitKind {
  readonly key: KeyAlgorithmName
  readonly digest: DigestName
  readonly algorithm: SignatureAlgorithmName
}

const pattern = /^(sha256|sha384|sha512),(rsa2048|rsa3072|rsa4096|ecdsa256|ecdsa384)$/

/** Undefined: no such algorithm is believed here; SHA-1 is among what U-Boot knows, and is not. */
export function readFitKind(
  words: string | undefined,
  padding: string | undefined,
): StatedFitKind | undefined {
  const [, digest, word] = pattern.exec(words ?? '') ?? []
  if (digest !== 'sha256' && digest !== 'sha384' && digest !== 'sha512') return undefined
  const key = (Object.keys(keyWords) as (keyof typeof keyWords)[]).find(
    (name) => keyWords[name] === word,
  )
  const isRsa = word?.startsWith('rsa') === true
  if (key === undefined) return undefined
  if (!isRsa) return { key, digest, algorithm: `ecdsa-${digest}` }
  if (padding === 'pss') return { key, digest, algorithm: `rsa-pss-${digest}-longest-salt` }
  if (padding !== undefined && padding !== 'pkcs-1.5') return undefined
  return { key, digest, algorithm: `rsa-${digest}` }
}

/** Of a curve's number. */
const halfOctets = { 'p-256': 32, 'p-384': 48 } as const

/** From X.509's form to that of a FIT: ECDSA as r and s, side by side. @throws FormatError */
export function fitSignature(key: KeyAlgorithmName, signature: Uint8Array): Uint8Array {
  return key === 'p-256' || key === 'p-384'
    ? splitEcdsaSignature(signature, halfOctets[key])
    : signature
}

/** And back; undefined: it has another length. */
export function x509FitSignature(key: KeyAlgorithmName, value: Uint8Array): Uint8Array | undefined {
  if (key !== 'p-256' && key !== 'p-384') return value
  return value.length === 2 * halfOctets[key] ? joinEcdsaSignature(value) : undefined
}

/** How long the signature of a key is in a FIT. */
export function fitSignatureOctets(key: KeyAlgorithmName): number {
  if (key === 'p-256' || key === 'p-384') return 2 * halfOctets[key]
  return Number(key.slice('rsa-'.length)) / 8
}
