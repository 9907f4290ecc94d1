// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { type Refused, refuse } from '../refusal.ts'

/** What a certificate is shown for. */
export type Purpose = 'device' | 'server' | 'any'

interface PurposeRule {
  readonly keyPurpose: Oid
  /** Whether a leaf without extKeyUsage, or with anyExtendedKeyUsage, serves this purpose. */
  readonly unsaidCounts: boolean
}

const rules: Readonly<Record<Exclude<Purpose, 'any'>, PurposeRule>> = {
  // RFC 8995 section 2.3 recommends birth certificates without any restriction: they outlive their uses.
  device: { keyPurpose: keyPurposes.clientAuth, unsaidCounts: true },
  // Else any such birth certificate could stand as a server.
  server: { keyPurpose: keyPurposes.serverAuth, unsaidCounts: false },
}

/** keyUsage and extKeyUsage of the last certificate: RFC 5280 sections 4.2.1.3 and 4.2.1.12. */
export function checkLeafPurpose(
  { extensions }: Certificate,
  purpose: Purpose,
): Refused | undefined {
  if (purpose === 'any') return undefined
  const keyUsage = readExtension(extensions, 'keyUsage')
  // TLS 1.3 proves possession by a signature (RFC 8446 section 4.4.2.2).
  if (keyUsage !== undefined && !keyUsage.includes('digitalSignature')) {
    return refuse(
      'certificate-wrong-purpose',
      `keyUsage is ${keyUsage.join(', ')}, a ${purpose} needs digitalSignature`,
    )
  }
  const { keyPurpose, unsaidCounts } = rules[purpose]
  return checkKeyPurpose(extensions, keyPurpose, unsaidCounts, `a ${purpose}`)
}

/**
 * An authority whose extKeyUsage leaves the purpose out may not certify for it.
 *
 * Not of RFC 5280, but what the CA/Browser Forum, OpenSSL and every browser hold, and what such authorities count on.
 */
export function checkAuthorityPurpose(
  { extensions }: Certificate,
  purpose: Purpose,
): Refused | undefined {
  if (purpose === 'any') return undefined
  return checkKeyPurpose(
    extensions,
    rules[purpose].keyPurpose,
    true,
    `an authority of a ${purpose}`,
  )
}

function checkKeyPurpose(
  extensions: Certificate['extensions'],
  wanted: Oid,
  unsaidCounts: boolean,
  bearer: string,
): Refused | undefined {
  const purposes = readExtension(extensions, 'extKeyUsage')
  const unsaid = purposes === undefined || purposes.includes(keyPurposes.anyExtendedKeyUsage)
  if ((unsaid && unsaidCounts) || purposes?.includes(wanted) === true) return undefined
  return refuse(
    'certificate-wrong-purpose',
    `extKeyUsage is ${purposes?.join(', ') ?? 'absent'}, ${bearer} needs ${wanted}`,
  )
}
