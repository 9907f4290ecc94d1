// SPDX-License-Identifier: Apache-2.0
import { constants, verify } from 'node:crypto'
import { FormatError } from '#format/format-error.ts'
import { type Attest, generatedByTpm, parseAttest } from '#format/tpm/structure/attest.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import {
  parseTpmSignature,
  signatureOctets,
  type TpmSignature,
} from '#format/tpm/structure/signature.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { sameSecret } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { importSoundKey } from '../sound-key.ts'
import { attributesFault } from './attributes.ts'
import { isNamedWeakly } from './name.ts'
import type { TpmRefusal } from './refusal.ts'

/** What a TPM signed, and who says so. */
export interface SignedAttest {
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array
  /** That it is in the TPM that it should be in was proven by an activation. */
  readonly attestationKey: TpmPublic
  /** The nonce that was given out for this one attestation. */
  readonly qualifyingData: Uint8Array
}

export interface Believed {
  readonly kind: 'believed'
  readonly attest: Attest
  readonly signature: TpmSignature
}

/**
 * Believes an attestation: a restricted key of a TPM made it, over this nonce.
 *
 * The nonce is compared before the signature, the cheap before the dear. Not checked: what is attested.
 *
 * @see TCG TPM 2.0 Keys for Device Identity and Attestation section 6.1.2
 */
export async function believeAttest(signed: SignedAttest): Promise<Believed | Refused<TpmRefusal>> {
  const parsed = parseBoth(signed)
  if (parsed.kind === 'refused') return parsed
  const { attest, signature } = parsed
  if (attest.magic !== generatedByTpm)
    return refuse(
      'attestation-not-from-tpm',
      `the attestation begins with 0x${attest.magic.toString(16).padStart(8, '0')}, which no TPM signs`,
    )
  if (!sameSecret(attest.extraData, signed.qualifyingData))
    return refuse('attestation-stale', 'the attestation was made for another nonce')
  const key = attestationKeyOf(signed.attestationKey)
  if (key.kind === 'refused') return key
  const no = schemeFault(signed.attestationKey, signature)
  if (no !== undefined) return refuse('attestation-signature-wrong', no)
  return (await isSignedBy(key.publicKey, signed.attest, signature))
    ? { kind: 'believed', attest, signature }
    : refuse('attestation-signature-wrong', 'the attestation key did not sign this attestation')
}

function parseBoth({ attest, signature }: SignedAttest) {
  try {
    return {
      kind: 'parsed',
      attest: parseAttest(attest),
      signature: parseTpmSignature(signature),
    } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('attestation-malformed', error.message)
  }
}

/** A key that signs nothing but what the TPM itself made, and cannot leave it. */
const attestationKeyRule = {
  set: ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'sign'],
  clear: ['decrypt'],
} as const

/** Whether a key may attest at all: its attributes, its scheme, and its strength. */
export function attestationKeyOf(
  key: TpmPublic,
): { readonly kind: 'fit'; readonly publicKey: PublicKey } | Refused<TpmRefusal> {
  const fault = attributesFault(key.attributes, attestationKeyRule)
  if (fault !== undefined) return refuse('attestation-key-unfit', `the attestation key ${fault}`)
  if (isNamedWeakly(key))
    return refuse('attestation-key-unfit', 'the attestation key has a Name by SHA-1')
  const { scheme } = key
  if (scheme === undefined || !('hash' in scheme) || scheme.hash === 'sha1')
    return refuse(
      'attestation-key-unfit',
      `the attestation key signs by ${scheme === undefined || !('hash' in scheme) ? 'no hash' : scheme.hash}`,
    )
  const publicKey = importSoundKey(encodeSpki(key))
  if ('kind' in publicKey) return refuse('attestation-key-unfit', publicKey.detail)
  return { kind: 'fit', publicKey }
}

/** A restricted key has one scheme, and signs by no other. */
function schemeFault({ scheme }: TpmPublic, signature: TpmSignature): string | undefined {
  if (scheme === undefined || !('hash' in scheme)) return 'the attestation key has no scheme'
  return scheme.name === signature.scheme && scheme.hash === signature.hash
    ? undefined
    : `signed by ${signature.scheme} with ${signature.hash}, the key signs by ${scheme.name} with ${scheme.hash}`
}

/** Part 1 section B.7: how long a PSS salt is differs between TPMs, so that it is read from the signature. */
function isSignedBy(
  { keyObject }: PublicKey,
  attest: Uint8Array,
  signature: TpmSignature,
): Promise<boolean> {
  const padding =
    signature.scheme === 'rsapss'
      ? {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_AUTO,
        }
      : { padding: constants.RSA_PKCS1_PADDING }
  const key = { key: keyObject, dsaEncoding: 'der', ...padding } as const
  return new Promise((resolve, reject) => {
    verify(signature.hash, attest, key, signatureOctets(signature), (error, genuine) =>
      error === null ? resolve(genuine) : reject(error),
    )
  })
}
