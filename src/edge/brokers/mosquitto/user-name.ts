// SPDX-License-Identifier: Apache-2.0
import type { BrokerIdentity } from '#core/enforcement/check-integration.ts'
import { encodeDer } from '#format/der/writer.ts'
import { attributeTypes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { attributeOf, type Name, type NameAttribute, writeNameValue } from '#format/x509/name.ts'

/**
 * The user name that Mosquitto reads from a certificate: its first common name (`use_identity_as_username`), or
 * its subject as OpenSSL writes it (`use_subject_as_username`).
 *
 * @param certificate DER
 * @returns undefined if there is none: with such a certificate nobody gets in
 */
export function userNameOf(certificate: Uint8Array, identity: BrokerIdentity): string | undefined {
  const { subject } = parseCertificate(certificate)
  if (identity === 'common-name') return attributeOf(subject, attributeTypes.commonName)
  return subject.rdns.length === 0 ? undefined : subjectText(subject)
}

/** How OpenSSL calls the types; what it does not know it writes as number and bytes. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ...Object.entries(attributeTypes).map(([name, type]) => [type, name] as const),
  ...([
    [attributeTypes.commonName, 'CN'],
    [attributeTypes.surname, 'SN'],
    [attributeTypes.countryName, 'C'],
    [attributeTypes.localityName, 'L'],
    [attributeTypes.stateOrProvinceName, 'ST'],
    [attributeTypes.streetAddress, 'street'],
    [attributeTypes.organizationName, 'O'],
    [attributeTypes.organizationalUnitName, 'OU'],
    [attributeTypes.givenName, 'GN'],
    [attributeTypes.userId, 'UID'],
    [attributeTypes.domainComponent, 'DC'],
  ] as const),
])

/** X509_NAME_print_ex with XN_FLAG_RFC2253: RFC 4514 but for its stricter escapes and the order within a part. */
function subjectText({ rdns }: Name): string {
  return rdns
    .map((rdn) => rdn.map(attributeText).toReversed().join('+'))
    .toReversed()
    .join(',')
}

function attributeText(attribute: NameAttribute): string {
  const { type, value } = attribute
  const name = shortNames.get(type)
  if (name !== undefined) return `${name}=${escaped(value)}`
  const der = encodeDer((writer) => writeNameValue(writer, attribute))
  return `${type}=#${der.toHex().toUpperCase()}`
}

/** ASN1_STRFLGS_RFC2253: everything but printable ASCII in hexadecimal, octet by octet of its UTF-8. */
function escaped(value: string): string {
  return value.replace(/[\\"+,;<>]|^[ #]| $|[^ -~]/gu, (special) =>
    special >= ' ' && special <= '~'
      ? `\\${special}`
      : new TextEncoder().encode(special).toHex().toUpperCase().replace(/../g, '\\$&'),
  )
}
