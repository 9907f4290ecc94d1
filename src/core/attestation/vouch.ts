// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { parseEndorsementCertificate } from '#format/tpm/endorsement-certificate.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import type { Refused } from '../refusal.ts'
import { type Endorsed, type EndorsePorts, endorse } from '../vendors/endorse.ts'

/** What is known of a TPM besides its key; plain and short. */
export interface TpmFacts {
  /** How the TPM calls itself: what hwSerialNum says. */
  readonly module: string
  /** Its maker, model and firmware, and whose word that is. */
  readonly facts: Readonly<Record<string, string | null>>
}

/** What the certificates that came with an endorsement key are worth. */
export type Vouching =
  /** A maker that is believed here vouches for the key. */
  | { readonly kind: 'vouched'; readonly certificateSha256: Uint8Array; readonly tpm: TpmFacts }
  /** One of them is of this key, and nobody who is believed here issued it. */
  | { readonly kind: 'not-vouched'; readonly certificateSha256: Uint8Array; readonly why: Refused }
  /** None of them is of this key. */
  | { readonly kind: 'none' }

/**
 * Finds the certificate of an endorsement key among those that a stranger sent, and asks who vouches for it.
 *
 * @param certificates DER, in any order; what does not read as one is passed over
 */
export async function vouch(
  certificates: readonly Uint8Array[],
  key: PublicKey,
  ports: EndorsePorts,
): Promise<Vouching> {
  const own = certificates.map((der) => certificateOf(der, key)).find((one) => one !== undefined)
  if (own === undefined) return { kind: 'none' }
  const { der, certificate } = own
  const certificateSha256 = sha256(certificate.der)
  const others = certificates.filter((one) => one !== der)
  const endorsed = await endorse(der, others, ports)
  return endorsed.kind === 'refused'
    ? { kind: 'not-vouched', certificateSha256, why: endorsed }
    : { kind: 'vouched', certificateSha256, tpm: factsOf(endorsed) }
}

/** A TPM of which no maker tells anything is called by its key. */
export function unvouchedFacts(key: PublicKey): TpmFacts {
  return { module: sha256(key.spki).toHex(), facts: { vouchedBy: null } }
}

function certificateOf(
  der: Uint8Array,
  { fingerprint }: PublicKey,
): { readonly der: Uint8Array; readonly certificate: Certificate } | undefined {
  const certificate = readLeniently(der)
  const publicKey = certificate && importPublicKey(certificate.publicKey)
  const isOwn =
    publicKey !== undefined &&
    !('kind' in publicKey) &&
    sameBytes(publicKey.fingerprint, fingerprint)
  return certificate !== undefined && isOwn ? { der, certificate } : undefined
}

function readLeniently(der: Uint8Array): Certificate | undefined {
  try {
    return parseEndorsementCertificate(der, 'odd-endorsement-certificate').certificate
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

/** TCG TPM 2.0 Keys for Device Identity and Attestation, section 8.3: maker, authority key and number. */
function factsOf({ certificate, root }: Endorsed): TpmFacts {
  const { extensions, serialNumber } = certificate.certificate
  const authority = readExtension(extensions, 'authorityKeyIdentifier')?.keyIdentifier
  const { tpm, oddities } = certificate
  return {
    module: [tpm?.manufacturer ?? '', authority?.toHex() ?? '', serialNumber.toHex()].join(':'),
    facts: {
      ...(tpm !== null && {
        ...{ manufacturer: tpm.manufacturer, model: tpm.model, firmware: tpm.version },
      }),
      vouchedBy: root.subject,
      vendor: root.vendor,
      ...(oddities.length > 0 && { oddities: oddities.join(', ') }),
    },
  }
}
