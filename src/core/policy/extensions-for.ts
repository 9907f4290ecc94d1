// SPDX-License-Identifier: Apache-2.0
import { parseOidText } from '#format/der/oid.ts'
import { accessMethods } from '#format/oids.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { keyPurposes } from './document/words.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { drawSubjectAlternativeName, drawsSubject } from './templates.ts'

/** What only the authority knows; a pointer that is absent is left out of the certificate. */
export interface Pointers {
  readonly subjectKeyIdentifier: Uint8Array
  /** Absent: self-signed, no authority key identifier (RFC 5280 section 4.2.1.1 allows it there). */
  readonly issuerKeyIdentifier?: Uint8Array
  readonly crlUrl?: string
  readonly issuerUrl?: string
  readonly ocspUrl?: string
}

/** The extensions of a certificate by the profile, in a fixed order. Criticality is RFC 5280's. */
export function extensionsFor(
  profile: Profile,
  facts: CertificateFacts,
  pointers: Pointers,
): readonly Extension[] {
  return [
    ...identifiers(profile, pointers),
    ...usagesFor(profile),
    ...names(profile, facts),
    ...status(profile, pointers),
  ]
}

function identifiers({ kind, document }: Profile, pointers: Pointers): Extension[] {
  const { issuerKeyIdentifier, subjectKeyIdentifier } = pointers
  const extensions: Extension[] = []
  if (issuerKeyIdentifier !== undefined)
    extensions.push(
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: issuerKeyIdentifier }),
    )
  // IEEE 802.1AR-2018 does not recommend one in an end entity that never expires.
  if (kind !== 'birth')
    extensions.push(encodeExtension('subjectKeyIdentifier', subjectKeyIdentifier))
  if (document.authority !== undefined) {
    const { pathLength } = document.authority
    const value = { ca: true, ...(pathLength !== undefined && { pathLength }) }
    extensions.push(encodeExtension('basicConstraints', value))
  }
  return extensions
}

/** The same for every certificate of a profile, and therefore encoded once. */
const usagesOf = new WeakMap<Profile, readonly Extension[]>()

/** Key usage, extended key usage and policies alone. */
export function usagesFor(profile: Profile): readonly Extension[] {
  let extensions = usagesOf.get(profile)
  if (extensions === undefined) {
    extensions = encodeUsages(profile)
    usagesOf.set(profile, extensions)
  }
  return extensions
}

function encodeUsages({ document }: Profile): readonly Extension[] {
  const extensions = [encodeExtension('keyUsage', document.keyUsage.bits)]
  const purposes = document.extendedKeyUsage?.purposes
  if (purposes !== undefined)
    // RFC 3161 section 2.3: critical where it is a time-stamp's; RFC 5280 leaves it open for all others.
    extensions.push(
      encodeExtension('extKeyUsage', purposes.map(purposeOid), purposes.includes('timeStamping')),
    )
  const policies = document.certificatePolicies?.policies
  if (policies !== undefined)
    extensions.push(
      encodeExtension(
        'certificatePolicies',
        policies.map((policy) => ({ oid: parseOidText(policy) })),
      ),
    )
  return extensions
}

function purposeOid(purpose: string) {
  return parseOidText(purposesByName.get(purpose) ?? purpose)
}

const purposesByName: ReadonlyMap<string, string> = new Map(Object.entries(keyPurposes))

function names(profile: Profile, facts: CertificateFacts): Extension[] {
  const drawn = drawSubjectAlternativeName(profile, facts)
  if (drawn.length === 0) return []
  // RFC 5280 section 4.2.1.6: critical if the subject is empty, else not.
  const critical = !drawsSubject(profile, facts)
  return [encodeExtension('subjectAltName', drawn, critical)]
}

function status({ kind, document }: Profile, pointers: Pointers): Extension[] {
  const { crl, ocsp, issuer, noRevAvail } = document.status
  const { crlUrl, ocspUrl, issuerUrl } = pointers
  const extensions: Extension[] = []
  if (crl && crlUrl !== undefined)
    extensions.push(
      encodeExtension('cRLDistributionPoints', [{ fullName: [{ kind: 'uri', value: crlUrl }] }]),
    )
  const access = [
    ...(ocsp && ocspUrl !== undefined ? [accessTo(accessMethods.ocsp, ocspUrl)] : []),
    ...(issuer && issuerUrl !== undefined ? [accessTo(accessMethods.caIssuers, issuerUrl)] : []),
  ]
  if (access.length > 0) extensions.push(encodeExtension('authorityInfoAccess', access))
  if (noRevAvail) extensions.push(encodeExtension('noRevAvail', null))
  if (kind === 'ocsp') extensions.push(encodeExtension('ocspNoCheck', null))
  if (document.masa !== undefined) extensions.push(encodeExtension('masaUrl', document.masa.url))
  return extensions
}

function accessTo(method: (typeof accessMethods)[keyof typeof accessMethods], url: string) {
  return { method, location: { kind: 'uri', value: url } } as const
}
