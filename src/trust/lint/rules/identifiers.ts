// SPDX-License-Identifier: Apache-2.0
/** Key identifiers: RFC 5280 sections 4.2.1.1 and 4.2.1.2. */
import { sameBytes } from '#format/bytes.ts'
import { always, authorities, except, leaves, type Rule } from '../rule.ts'

export const identifierRules: readonly Rule[] = [
  {
    id: 'authority-key-identifier-present',
    source: 'RFC 5280 section 4.2.1.1',
    severity: 'error',
    holds: 'whatever is not self-signed carries the key identifier of its issuer',
    applies: except('root'),
    check: (linted) =>
      linted.value('authorityKeyIdentifier')?.keyIdentifier === undefined
        ? 'authorityKeyIdentifier is missing, or lacks the key identifier'
        : undefined,
  },
  {
    id: 'authority-key-identifier-matches',
    source: 'RFC 5280 section 4.2.1.1',
    severity: 'error',
    holds: "the authority key identifier is the issuer's subject key identifier",
    applies: always,
    check: (linted) => {
      const named = linted.value('authorityKeyIdentifier')?.keyIdentifier
      const issuers = (linted.issuer ?? linted).value('subjectKeyIdentifier')
      if (named === undefined || issuers === undefined || sameBytes(named, issuers))
        return undefined
      return `authorityKeyIdentifier is ${named.toHex()}, the issuer's key is ${issuers.toHex()}`
    },
  },
  {
    id: 'authority-key-identifier-not-critical',
    source: 'RFC 5280 section 4.2.1.1',
    severity: 'error',
    holds: 'the authority key identifier is not critical',
    applies: always,
    check: (linted) =>
      linted.critical('authorityKeyIdentifier') ? 'authorityKeyIdentifier is critical' : undefined,
  },
  {
    id: 'subject-key-identifier-on-authority',
    source: 'RFC 5280 section 4.2.1.2',
    severity: 'error',
    holds: 'an authority carries the identifier of its key, 1 to 32 octets',
    applies: authorities,
    check: (linted) => {
      const octets = linted.value('subjectKeyIdentifier')?.length ?? 0
      return octets > 0 && octets <= 32 ? undefined : `subjectKeyIdentifier has ${octets} octets`
    },
  },
  {
    id: 'subject-key-identifier-on-leaf',
    source: 'RFC 5280 section 4.2.1.2; IEEE 802.1AR-2018 does not recommend it for birth',
    severity: 'warning',
    holds: 'a leaf other than birth carries the identifier of its key',
    applies: (kind) => leaves(kind) && kind !== 'birth',
    check: (linted) =>
      linted.has('subjectKeyIdentifier') ? undefined : 'subjectKeyIdentifier is missing',
  },
  {
    id: 'subject-key-identifier-not-critical',
    source: 'RFC 5280 section 4.2.1.2',
    severity: 'error',
    holds: 'the subject key identifier is not critical',
    applies: always,
    check: (linted) =>
      linted.critical('subjectKeyIdentifier') ? 'subjectKeyIdentifier is critical' : undefined,
  },
]
