// SPDX-License-Identifier: Apache-2.0
/** Public areas from which keys are made, one table. */
import type { TpmHash } from '#format/tpm/algorithms.ts'
import type { ObjectAttribute } from '#format/tpm/structure/attributes.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import type { Symmetric } from '#format/tpm/structure/scheme.ts'

/** PolicySecret(TPM_RH_ENDORSEMENT) by SHA-256. TCG EK Credential Profile 2.5 section B.6.2, PolicyA. */
export const policyA = Uint8Array.fromHex(
  '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa',
)
/** PolicyOR(PolicyA, PolicyC) by the hash of the template. Sections B.6.3 to B.6.5, PolicyB. */
const policyB = {
  sha256: 'ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0',
  sha384:
    'b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419cacb47ba09699646150f9fc000f3f80e12',
} as const

const fixed: readonly ObjectAttribute[] = ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin']
const lowRange: readonly ObjectAttribute[] = [...fixed, 'adminWithPolicy', 'restricted', 'decrypt']
const highRange: readonly ObjectAttribute[] = [
  ...fixed,
  'userWithAuth',
  'adminWithPolicy',
  'restricted',
  'decrypt',
]

const aes128: Symmetric = { cipher: 'aes', bits: 128 }
const aes256: Symmetric = { cipher: 'aes', bits: 256 }

/** Where a template and its certificate are kept, and what makes the key. */
export interface EndorsementTemplate {
  /** The certificate's place in the non-volatile memory. */
  readonly certificateIndex: number
  /** Where a maker may have put a template that differs; only the low range has one. */
  readonly templateIndex: number | undefined
  readonly nonceIndex: number | undefined
  readonly public: TpmPublic
}

/**
 * The endorsement keys that TPMs are shipped with.
 *
 * @see TCG EK Credential Profile for TPM Family 2.0, 2.5, sections 2.2.1.4, 2.2.1.5 and B.3 to B.4
 */
export const endorsementTemplates = {
  'rsa-2048-low': {
    certificateIndex: 0x01c0_0002,
    nonceIndex: 0x01c0_0003,
    templateIndex: 0x01c0_0004,
    public: {
      ...common(lowRange, 'sha256', policyA, aes128),
      ...rsa(2048, 256),
    },
  },
  'p-256-low': {
    certificateIndex: 0x01c0_000a,
    nonceIndex: 0x01c0_000b,
    templateIndex: 0x01c0_000c,
    public: { ...common(lowRange, 'sha256', policyA, aes128), ...ecc('p-256', 32) },
  },
  'rsa-2048-high': high(0x01c0_0012, {
    ...common(highRange, 'sha256', policyOf('sha256'), aes128),
    ...rsa(2048, 0),
  }),
  'p-256-high': high(0x01c0_0014, {
    ...common(highRange, 'sha256', policyOf('sha256'), aes128),
    ...ecc('p-256', 0),
  }),
  'p-384-high': high(0x01c0_0016, {
    ...common(highRange, 'sha384', policyOf('sha384'), aes256),
    ...ecc('p-384', 0),
  }),
  'rsa-3072-high': high(0x01c0_001c, {
    ...common(highRange, 'sha384', policyOf('sha384'), aes256),
    ...rsa(3072, 0),
  }),
  'rsa-4096-high': high(0x01c0_001e, {
    ...common(highRange, 'sha384', policyOf('sha384'), aes256),
    ...rsa(4096, 0),
  }),
} as const satisfies Record<string, EndorsementTemplate>

export type EndorsementTemplateName = keyof typeof endorsementTemplates

/** Narrows text from a file to a template's name. */
export function isEndorsementName(text: string): text is EndorsementTemplateName {
  return Object.hasOwn(endorsementTemplates, text)
}

function high(certificateIndex: number, value: TpmPublic): EndorsementTemplate {
  return { certificateIndex, nonceIndex: undefined, templateIndex: undefined, public: value }
}

function policyOf(hash: keyof typeof policyB): Uint8Array {
  return Uint8Array.fromHex(policyB[hash])
}

function common(
  attributes: readonly ObjectAttribute[],
  nameAlgorithm: TpmHash,
  authPolicy: Uint8Array,
  symmetric: Symmetric | undefined,
) {
  return { attributes, nameAlgorithm, authPolicy, symmetric }
}

function rsa(bits: number, uniqueOctets: number) {
  const modulus = new Uint8Array(uniqueOctets)
  return { type: 'rsa', scheme: undefined, bits, exponent: 0, modulus } as const
}

function ecc(curve: 'p-256' | 'p-384' | 'p-521', uniqueOctets: number) {
  const [x, y] = [new Uint8Array(uniqueOctets), new Uint8Array(uniqueOctets)]
  return { type: 'ecc', scheme: undefined, curve, keyDerivation: undefined, x, y } as const
}

const noPolicy = new Uint8Array()
/**
 * Without a password, and so without the protection against guessing one: a TPM that loses power while a protected key
 * is in use counts that as a guess, and locks all such keys after some.
 */
const ownKey: readonly ObjectAttribute[] = [...fixed, 'userWithAuth', 'noDA']

/**
 * The storage root key that everyone shares: TCG TPM v2.0 Provisioning Guidance section 7.5.1 with the ECC template H
 * of the EK Credential Profile, at `storageRootHandle`.
 */
export const storageRootTemplate: TpmPublic = {
  ...common([...ownKey, 'restricted', 'decrypt'], 'sha256', noPolicy, aes128),
  ...ecc('p-256', 32),
}

/** TCG Registry of Reserved TPM 2.0 Handles section 2.3.1: the first of the owner's storage keys. */
export const storageRootHandle = 0x8100_0001

/** A key that attests: restricted, ECDSA P-256 with SHA-256, under the storage root key. */
export const attestationKeyTemplate: TpmPublic = {
  ...common([...ownKey, 'restricted', 'sign'], 'sha256', noPolicy, undefined),
  ...ecc('p-256', 0),
  scheme: { name: 'ecdsa', hash: 'sha256' },
}

/** Keys that sign digests of anything: device keys and authority keys; each use names its scheme. */
export const signingKeyTemplates = {
  'p-256': signing(ecc('p-256', 0)),
  'p-384': signing(ecc('p-384', 0)),
  'p-521': signing(ecc('p-521', 0)),
  'rsa-2048': signing(rsa(2048, 0)),
  'rsa-3072': signing(rsa(3072, 0)),
  'rsa-4096': signing(rsa(4096, 0)),
} as const

export type TpmSigningAlgorithm = keyof typeof signingKeyTemplates

function signing(parameters: ReturnType<typeof ecc> | ReturnType<typeof rsa>): TpmPublic {
  return { ...common([...ownKey, 'sign'], 'sha256', noPolicy, undefined), ...parameters }
}
