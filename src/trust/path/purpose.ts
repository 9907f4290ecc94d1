// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { keyPurposes, tpmKeyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { KeyUsageName } from '#format/x509/extensions/usage.ts'
import { type Refused, refuse } from '../refusal.ts'

/** What a certificate is shown for. */
export type Purpose = 'device' | 'client' | 'server' | 'endorsement' | 'status' | 'any'

interface PurposeRule {
  readonly keyPurpose: Oid
  /** Of these, keyUsage has at least one, if it is there. */
  readonly keyUsage: readonly KeyUsageName[]
  /** Whether a leaf without extKeyUsage, or with anyExtendedKeyUsage, serves this purpose. */
  readonly unsaidCounts: boolean
}

/** TLS 1.3 proves possession by a signature (RFC 8446 section 4.4.2.2). */
const signs = ['digitalSignature'] as const

const rules: Readonly<Record<Exclude<Purpose, 'any'>, PurposeRule>> = {
  // RFC 8995 section 2.3 recommends birth certificates without any restriction: they outlive their uses.
  device: { keyPurpose: keyPurposes.clientAuth, keyUsage: signs, unsaidCounts: true },
  // Else any such birth certificate could stand as an application or a server.
  client: { keyPurpose: keyPurposes.clientAuth, keyUsage: signs, unsaidCounts: false },
  server: { keyPurpose: keyPurposes.serverAuth, keyUsage: signs, unsaidCounts: false },
  // TCG EK Credential Profile 3.2.11 and 3.2.15: RSA enciphers, EC agrees; extKeyUsage "SHOULD" be there.
  endorsement: {
    keyPurpose: tpmKeyPurposes.endorsement,
    keyUsage: ['keyEncipherment', 'keyAgreement'],
    unsaidCounts: true,
  },
  // RFC 6960 section 4.2.2.2 for answers; status files hold the same.
  status: { keyPurpose: keyPurposes.ocspSigning, keyUsage: signs, unsaidCounts: false },
}

const bearers = {
  device: 'a device',
  client: 'an application',
  server: 'a server',
  endorsement: 'an endorsement key',
  status: 'a signer of status',
} as const satisfies Record<keyof typeof rules, string>

/** keyUsage and extKeyUsage of the last certificate: RFC 5280 sections 4.2.1.3 and 4.2.1.12. */
export function checkLeafPurpose(
  { extensions }: Certificate,
  purpose: Purpose,
): Refused | undefined {
  if (purpose === 'any') return undefined
  const { keyPurpose, keyUsage: wanted, unsaidCounts } = rules[purpose]
  const keyUsage = readExtension(extensions, 'keyUsage')
  if (keyUsage !== undefined && !wanted.some((use) => keyUsage.includes(use))) {
    return refuse(
      'certificate-wrong-purpose',
      `keyUsage is ${keyUsage.join(', ')}, ${bearers[purpose]} needs ${wanted.join(' or ')}`,
    )
  }
  return checkKeyPurpose(extensions, keyPurpose, unsaidCounts, bearers[purpose])
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
    `an authority of ${bearers[purpose]}`,
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
