// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { tpmAttributes } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { attributeOf } from '#format/x509/name.ts'
import { parseOddCertificate } from './endorsement/mend-certificate.ts'
import type { Oddity } from './endorsement/oddities.ts'

/** How certificates of TPMs and their makers are read: strictly, or with the named leniency. */
export const leniencies = ['none', 'odd-endorsement-certificate'] as const
export type Leniency = (typeof leniencies)[number]

/** What a certificate of a maker of TPMs, or of a TPM, says, and what was odd about how. */
export interface VendorCertificate {
  readonly certificate: Certificate
  /** Sorted; always empty with leniency `none`. */
  readonly oddities: readonly Oddity[]
}

/** Which TPM it is, in the TCG's own words. */
export interface TpmNames {
  /** The vendor's registered four octets, as text without padding: `IFX`, `STM`, `INTC`. */
  readonly manufacturer: string
  readonly model: string
  /** The firmware's version, mostly as `id:` and hexadecimal digits. */
  readonly version: string
}

/** The certificate of an endorsement key: which key is in which TPM, on its maker's word. */
export interface EndorsementCertificate extends VendorCertificate {
  /** Null only where leniency let them be absent. */
  readonly tpm: TpmNames | null
}

/**
 * Reads a certificate by the named leniency; the signature is not checked.
 *
 * @throws FormatError
 */
export function parseVendorCertificate(bytes: Uint8Array, leniency: Leniency): VendorCertificate {
  return leniency === 'none'
    ? { certificate: parseCertificate(bytes), oddities: [] }
    : parseOddCertificate(bytes)
}

/**
 * Reads the certificate of an endorsement key; the signature, the issuer and the key itself are not checked.
 *
 * @throws FormatError
 * @see TCG EK Credential Profile for TPM Family 2.0, section 3.2
 */
export function parseEndorsementCertificate(
  bytes: Uint8Array,
  leniency: Leniency = 'none',
): EndorsementCertificate {
  const { certificate, oddities } = parseVendorCertificate(bytes, leniency)
  const tpm = tpmNamesOf(certificate)
  if (tpm !== null) return { certificate, oddities, tpm }
  if (leniency === 'none')
    throw new FormatError('element-missing', 0, 'subjectAltName with maker, model and version')
  return { certificate, oddities: [...oddities, 'tpm-names-absent' as const].sort(), tpm }
}

/** 3.2.9: a directoryName, its three attributes in one part or in three. */
function tpmNamesOf({ extensions }: Certificate): TpmNames | null {
  for (const alternative of readExtension(extensions, 'subjectAltName') ?? []) {
    if (alternative.kind !== 'directory') continue
    const manufacturer = attributeOf(alternative.name, tpmAttributes.manufacturer)
    const model = attributeOf(alternative.name, tpmAttributes.model)
    const version = attributeOf(alternative.name, tpmAttributes.version)
    if (manufacturer !== undefined && model !== undefined && version !== undefined)
      return { manufacturer: manufacturerText(manufacturer), model, version }
  }
  return null
}

/** `id:49465800` is `IFX`: 3.1.2, the vendor's id in hexadecimal, padded with zero octets. Anything else stays. */
function manufacturerText(value: string): string {
  const hex = /^id:([0-9A-Fa-f]{8})$/.exec(value)?.[1]
  if (hex === undefined) return value
  const text = String.fromCharCode(...Uint8Array.fromHex(hex)).replace(/\0+$/, '')
  return /^[\x20-\x7e]+$/.test(text) ? text : value
}
