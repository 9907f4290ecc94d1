// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { KeyUsageName } from '#format/x509/extensions/usage.ts'
import { formatName } from '#format/x509/name.ts'
import { type Refused, refuse } from '../refusal.ts'

/** What the extended key usage of a signer's certificate is asked for, as verifiers of CMS ask it. */
export const signerPurposes = ['any', 'email', 'code', 'email-and-code', 'update-package'] as const
export type SignerPurpose = (typeof signerPurposes)[number]

interface PurposeRule {
  readonly keyPurpose: Oid
  readonly name: string
  /** Of these, keyUsage has at least one, if it is there. */
  readonly keyUsage: readonly KeyUsageName[]
  /** Whether a signer without extKeyUsage serves; anyExtendedKeyUsage serves nobody, as in OpenSSL. */
  readonly unsaidCounts: boolean
}

/** OpenSSL's `smimesign`, which RAUC and SWUpdate ask by default (X509_check_purpose). */
const email: PurposeRule = {
  ...{ keyPurpose: keyPurposes.emailProtection, name: 'emailProtection' },
  ...{ keyUsage: ['digitalSignature', 'nonRepudiation'], unsaidCounts: true },
}

/** RAUC's `codesign` and SWUpdate's `codeSigning`: both ask for the purpose by name. */
const code: PurposeRule = {
  ...{ keyPurpose: keyPurposes.codeSigning, name: 'codeSigning' },
  ...{ keyUsage: ['digitalSignature'], unsaidCounts: false },
}

/** RFC 9809 section 3.3. */
const updatePackage: PurposeRule = {
  ...{ keyPurpose: keyPurposes.updatePackageSigning, name: 'updatePackageSigning' },
  ...{ keyUsage: ['digitalSignature'], unsaidCounts: false },
}

const rules: Readonly<Record<SignerPurpose, readonly PurposeRule[]>> = {
  any: [],
  email: [email],
  code: [code],
  'email-and-code': [email, code],
  'update-package': [updatePackage],
}

/**
 * Whether the certificates of a path say what the purpose asks: the signer, and every authority that restricts itself.
 *
 * @param path the signer first, the anchor last if it came as a certificate
 */
export function checkSignerPurpose(
  path: readonly Certificate[],
  purpose: SignerPurpose,
): Refused | undefined {
  for (const rule of rules[purpose])
    for (const [index, certificate] of path.entries()) {
      const no = index === 0 ? checkSigner(certificate, rule) : checkAuthority(certificate, rule)
      if (no !== undefined) return no
    }
  return undefined
}

function checkSigner(certificate: Certificate, rule: PurposeRule): Refused | undefined {
  const keyUsage = readExtension(certificate.extensions, 'keyUsage')
  if (keyUsage !== undefined && !rule.keyUsage.some((use) => keyUsage.includes(use)))
    return refuse(
      'certificate-wrong-purpose',
      `keyUsage of ${who(certificate)} is ${keyUsage.join(', ')}, a signer needs ${rule.keyUsage.join(' or ')}`,
    )
  return checkPurpose(certificate, rule, rule.unsaidCounts, 'a signer')
}

function checkAuthority(certificate: Certificate, rule: PurposeRule): Refused | undefined {
  return checkPurpose(certificate, rule, true, 'an authority above a signer')
}

function checkPurpose(
  certificate: Certificate,
  { keyPurpose, name }: PurposeRule,
  unsaidCounts: boolean,
  bearer: string,
): Refused | undefined {
  const purposes = readExtension(certificate.extensions, 'extKeyUsage')
  if (purposes === undefined ? unsaidCounts : purposes.includes(keyPurpose)) return undefined
  const said = purposes?.map(nameOf).join(', ') ?? 'absent'
  return refuse(
    'certificate-wrong-purpose',
    `extKeyUsage of ${who(certificate)} is ${said}, the device asks ${bearer} for ${name}`,
  )
}

function nameOf(purpose: Oid): string {
  return Object.entries(keyPurposes).find(([, known]) => known === purpose)?.[0] ?? purpose
}

function who({ subject }: Certificate): string {
  return formatName(subject).slice(0, 256)
}
