// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { type DigestName, longestSaltOctets } from '#trust/digest-signature.ts'
import { attribute, keyType, mask, mechanism } from './cryptoki.ts'

/** How one of our key algorithms is made in a token, and how such a key signs. */
export interface TokenAlgorithm {
  readonly keyType: number
  readonly make: number
  /** What tells the token which size, curve or parameter set: goes into the public template. */
  readonly parameters: readonly TokenAttribute[]
  readonly sign: SignForm
}

export interface TokenAttribute {
  readonly type: number
  /** Hexadecimal stands for bytes, a number for a CK_ULONG. */
  readonly value: string | number | boolean
}

/**
 * What `C_Sign` is given: a digest, but for the algorithms that have their own, which take all of the message.
 * PKCS #1 v1.5 takes a DigestInfo.
 */
export const signForms = {
  ecdsa: { mechanism: mechanism.ecdsa },
  'rsa-pkcs': { mechanism: mechanism.rsaPkcs },
  'rsa-pss-sha256': pss('sha256', 32),
  'rsa-pss-sha384': pss('sha384', 48),
  'rsa-pss-sha512': pss('sha512', 64),
  eddsa: { mechanism: mechanism.eddsa },
  'ml-dsa': { mechanism: mechanism.mlDsa },
  // The longest salt is of the modulus, too: a form for each size that a token makes.
  'rsa-pss-sha256-longest-salt-2048': longest('sha256', 2048),
  'rsa-pss-sha384-longest-salt-2048': longest('sha384', 2048),
  'rsa-pss-sha512-longest-salt-2048': longest('sha512', 2048),
  'rsa-pss-sha256-longest-salt-3072': longest('sha256', 3072),
  'rsa-pss-sha384-longest-salt-3072': longest('sha384', 3072),
  'rsa-pss-sha512-longest-salt-3072': longest('sha512', 3072),
  'rsa-pss-sha256-longest-salt-4096': longest('sha256', 4096),
  'rsa-pss-sha384-longest-salt-4096': longest('sha384', 4096),
  'rsa-pss-sha512-longest-salt-4096': longest('sha512', 4096),
} as const satisfies Record<string, { readonly mechanism: number; readonly pss?: PssParameters }>

function pss(digest: DigestName, saltOctets: number) {
  return {
    mechanism: mechanism.rsaPkcsPss,
    pss: { hash: mechanism[digest], mask: mask[digest], saltOctets },
  }
}

function longest(digest: DigestName, bits: number) {
  return pss(digest, longestSaltOctets(digest, bits))
}

export interface PssParameters {
  readonly hash: number
  readonly mask: number
  readonly saltOctets: number
}

export type SignForm = keyof typeof signForms

/** Forms as they go over the pipe: by their place in this list. */
export const signFormNames = Object.keys(signForms) as readonly SignForm[]

const rsaMakes = { keyType: keyType.rsa, make: mechanism.rsaPkcsKeyPairGen } as const

/**
 * The algorithms that PKCS #11 has numbers for. Those of ML-DSA are of 3.2 and were never tried: no token at
 * hand knows them.
 */
export const tokenAlgorithms: Partial<Readonly<Record<KeyAlgorithmName, TokenAlgorithm>>> = {
  'p-256': curve('06082a8648ce3d030107'),
  'p-384': curve('06052b81040022'),
  'p-521': curve('06052b81040023'),
  'rsa-2048': rsa(2048, 'rsa-pkcs'),
  'rsa-3072': rsa(3072, 'rsa-pkcs'),
  'rsa-4096': rsa(4096, 'rsa-pkcs'),
  'rsa-pss-2048': rsa(2048, 'rsa-pss-sha256'),
  'rsa-pss-3072': rsa(3072, 'rsa-pss-sha256'),
  'rsa-pss-4096': rsa(4096, 'rsa-pss-sha384'),
  // RFC 8410 section 3: id-Ed25519.
  ed25519: {
    ...{ keyType: keyType.ecEdwards, make: mechanism.ecEdwardsKeyPairGen, sign: 'eddsa' },
    parameters: [{ type: attribute.ecParams, value: '06032b6570' }],
  },
  'ml-dsa-44': mlDsa(1),
  'ml-dsa-65': mlDsa(2),
  'ml-dsa-87': mlDsa(3),
}

function curve(parameters: string): TokenAlgorithm {
  return {
    ...{ keyType: keyType.ec, make: mechanism.ecKeyPairGen, sign: 'ecdsa' },
    parameters: [{ type: attribute.ecParams, value: parameters }],
  }
}

/** The exponent 65537, FIPS 186-5 section 5.1. */
function rsa(bits: number, sign: SignForm): TokenAlgorithm {
  return {
    ...{ ...rsaMakes, sign },
    parameters: [
      { type: attribute.modulusBits, value: bits },
      { type: attribute.publicExponent, value: '010001' },
    ],
  }
}

/** @param set CKP_ML_DSA_44, _65, _87 */
function mlDsa(set: number): TokenAlgorithm {
  return {
    ...{ keyType: keyType.mlDsa, make: mechanism.mlDsaKeyPairGen, sign: 'ml-dsa' },
    parameters: [{ type: attribute.parameterSet, value: set }],
  }
}
