// SPDX-License-Identifier: Apache-2.0
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { sameSecret } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { importSoundKey } from '../sound-key.ts'
import { attributesFault } from './attributes.ts'
import { isNamedWeakly, nameOf } from './name.ts'
import type { TpmRefusal } from './refusal.ts'
import { believeAttest, type SignedAttest } from './signed-attest.ts'

interface CertifiedParts {
  readonly public: TpmPublic
  readonly publicKey: PublicKey
  readonly name: Uint8Array
  readonly attestationKeyName: Uint8Array
}

/** Only this file can make one: the private field cannot be written in an object literal. */
class TpmCertifiedKey {
  readonly #madeHere = true
  readonly public: TpmPublic
  /** The same key as a request carries it. */
  readonly publicKey: PublicKey
  readonly name: Uint8Array
  /** Of the key that attested: it must be the one that was activated. */
  readonly attestationKeyName: Uint8Array

  constructor(parts: CertifiedParts) {
    this.public = parts.public
    this.publicKey = parts.publicKey
    this.name = parts.name
    this.attestationKeyName = parts.attestationKeyName
    void this.#madeHere
  }
}

/** A signing key that was made in the TPM of an attestation key, is in it now, and cannot leave it. */
export type CertifiedKey = TpmCertifiedKey

export interface Certification extends SignedAttest {
  /** The public area that the TPM is said to have certified. */
  readonly certifiedPublic: TpmPublic
}

/**
 * Proves by TPM2_Certify that a key is in the TPM where the attestation key is.
 *
 * Not proven: in which TPM that is (an activation proves it), and that the caller may use the key (its own signature
 * over a request proves it).
 *
 * @see TCG TPM 2.0 Keys for Device Identity and Attestation section 6.1.3
 */
export async function verifyCertified(
  certification: Certification,
): Promise<{ readonly kind: 'certified'; readonly certified: CertifiedKey } | Refused<TpmRefusal>> {
  const believed = await believeAttest(certification)
  if (believed.kind === 'refused') return believed
  const { attested } = believed.attest
  if (attested.kind !== 'certify')
    return refuse('attestation-wrong-type', `a ${attested.kind} was sent, certify is asked for`)
  const { certifiedPublic, attestationKey } = certification
  const name = nameOf(certifiedPublic)
  if (!sameSecret(name, attested.name))
    return refuse('attestation-of-another-key', 'the TPM certified a key of another Name')
  const fault = attributesFault(certifiedPublic.attributes, signingKeyRule)
  if (fault !== undefined) return refuse('attested-key-unfit', `the certified key ${fault}`)
  if (isNamedWeakly(certifiedPublic))
    return refuse('attested-key-unfit', 'the certified key has a Name by SHA-1')
  const publicKey = importSoundKey(encodeSpki(certifiedPublic))
  if ('kind' in publicKey) return publicKey
  const attestationKeyName = nameOf(attestationKey)
  return {
    kind: 'certified',
    certified: new TpmCertifiedKey({
      public: certifiedPublic,
      publicKey,
      name,
      attestationKeyName,
    }),
  }
}

/** IDevID and LDevID keys: unrestricted, for a restricted key can sign neither a request nor a handshake. */
const signingKeyRule = {
  set: ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'sign'],
  clear: ['restricted', 'decrypt'],
} as const
