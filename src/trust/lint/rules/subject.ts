// SPDX-License-Identifier: Apache-2.0
/** The subject: RFC 5280 section 4.1.2.6 and appendix A.1. */
import type { Oid } from '#format/der/oid.ts'
import { attributeTypes } from '#format/oids.ts'
import type { NameAttribute } from '#format/x509/name.ts'
import type { Linted } from '../linted.ts'
import { always, authorities, only, type Rule } from '../rule.ts'

/** RFC 5280 appendix A.1, upper bounds in characters. */
const upperBounds: ReadonlyMap<Oid, number> = new Map([
  [attributeTypes.commonName, 64],
  [attributeTypes.serialNumber, 64],
  [attributeTypes.countryName, 2],
  [attributeTypes.localityName, 128],
  [attributeTypes.stateOrProvinceName, 128],
  [attributeTypes.organizationName, 64],
  [attributeTypes.organizationalUnitName, 64],
  [attributeTypes.title, 64],
  [attributeTypes.emailAddress, 255],
  [attributeTypes.pseudonym, 128],
])

export const subjectRules: readonly Rule[] = [
  {
    id: 'subject-or-alternative-name',
    source: 'RFC 5280 section 4.1.2.6',
    severity: 'error',
    holds: 'it names its subject, in the subject or in alternative names',
    applies: always,
    check: (linted) =>
      linted.certificate.subject.rdns.length > 0 || linted.has('subjectAltName')
        ? undefined
        : 'subject is empty and there is no subjectAltName',
  },
  {
    id: 'authority-subject-named',
    source: 'RFC 5280 section 4.1.2.6',
    severity: 'error',
    holds: 'the subject of an authority is not empty',
    applies: authorities,
    check: ({ certificate }) =>
      certificate.subject.rdns.length > 0 ? undefined : 'subject is empty',
  },
  {
    id: 'subject-within-upper-bounds',
    source: 'RFC 5280 appendix A.1',
    severity: 'error',
    holds: 'no attribute of the subject is longer than its upper bound',
    applies: always,
    check: (linted) =>
      firstOf(linted, ({ type, value }) => {
        const atMost = upperBounds.get(type) ?? 32_768
        return value.length > atMost
          ? `attribute ${type} has ${value.length} characters, at most ${atMost}`
          : undefined
      }),
  },
  {
    id: 'subject-country-of-two-letters',
    source: 'X.520 section 6.3.1; ISO 3166-1',
    severity: 'error',
    holds: 'countryName is two capital letters',
    applies: always,
    check: (linted) =>
      firstOf(linted, ({ type, value }) =>
        type === attributeTypes.countryName && !/^[A-Z]{2}$/.test(value)
          ? `countryName is "${value}", two capital letters are needed`
          : undefined,
      ),
  },
  {
    id: 'subject-visible',
    source: 'own: a name that cannot be read aloud deceives people',
    severity: 'error',
    holds:
      'no attribute of the subject holds control or direction characters, or begins or ends with a space',
    applies: always,
    check: (linted) =>
      firstOf(linted, ({ type, value }) =>
        invisible.test(value) ? `attribute ${type} holds invisible characters` : undefined,
      ),
  },
  {
    id: 'subject-attribute-once',
    source: 'own: verifiers disagree whether the first or the last counts',
    severity: 'error',
    holds: 'commonName and serialNumber stand at most once',
    applies: always,
    check: ({ certificate: { subject } }) => {
      const types = subject.rdns.flat().map(({ type }) => type)
      const twice = [attributeTypes.commonName, attributeTypes.serialNumber].find(
        (type) => types.indexOf(type) !== types.lastIndexOf(type),
      )
      return twice && `attribute ${twice} stands more than once`
    },
  },
  {
    id: 'subject-of-single-parts',
    source: 'own: many verifiers and tools mistake RDNs of several attributes',
    severity: 'warning',
    holds: 'each part of the subject has one attribute',
    applies: always,
    check: ({ certificate: { subject } }) =>
      subject.rdns.every((rdn) => rdn.length === 1)
        ? undefined
        : 'a part of the subject has several attributes',
  },
  {
    id: 'device-serial-number-in-subject',
    source: 'IEEE 802.1AR-2018; RFC 8995 section 2.3.1',
    severity: 'error',
    holds: 'a device is named by the attribute serialNumber of the subject',
    applies: only('birth', 'working'),
    check: ({ certificate: { subject } }) =>
      subject.rdns.flat().some(({ type }) => type === attributeTypes.serialNumber)
        ? undefined
        : 'subject has no serialNumber (2.5.4.5)',
  },
]

const invisible = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|^ | $/u

function firstOf(
  { certificate: { subject } }: Linted,
  check: (attribute: NameAttribute) => string | undefined,
): string | undefined {
  for (const rdn of subject.rdns)
    for (const attribute of rdn) {
      const detail = check(attribute)
      if (detail !== undefined) return detail
    }
  return undefined
}
