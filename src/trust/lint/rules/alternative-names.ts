// SPDX-License-Identifier: Apache-2.0
/** Alternative names: RFC 5280 section 4.2.1.6. */

import { encodeExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import type { Linted } from '../linted.ts'
import { always, only, type Rule } from '../rule.ts'

export const alternativeNameRules: readonly Rule[] = [
  {
    id: 'alternative-names-critical-without-subject',
    source: 'RFC 5280 section 4.2.1.6',
    severity: 'error',
    holds: 'alternative names are critical if the subject is empty',
    applies: always,
    check: (linted) => {
      const alone = linted.certificate.subject.rdns.length === 0 && linted.has('subjectAltName')
      return alone && !linted.critical('subjectAltName')
        ? 'subject is empty and subjectAltName is not critical'
        : undefined
    },
  },
  {
    id: 'alternative-names-not-critical-beside-subject',
    source: 'RFC 5280 section 4.2.1.6',
    severity: 'warning',
    holds: 'alternative names are not critical if there is a subject',
    applies: always,
    check: (linted) =>
      linted.certificate.subject.rdns.length > 0 && linted.critical('subjectAltName')
        ? 'subjectAltName is critical beside a subject'
        : undefined,
  },
  {
    id: 'server-has-alternative-names',
    source: 'RFC 9525 section 6: verifiers look nowhere else',
    severity: 'error',
    holds: 'a server has a DNS name or an address as alternative name',
    applies: only('server'),
    check: (linted) =>
      linted.value('subjectAltName')?.some(({ kind }) => kind === 'dns' || kind === 'ip')
        ? undefined
        : 'subjectAltName has neither a DNS name nor an address',
  },
  {
    id: 'dns-name-in-preferred-syntax',
    source: 'RFC 5280 section 4.2.1.6; RFC 1034 section 3.5, RFC 1123 section 2.1',
    severity: 'error',
    holds: 'DNS names are labels of letters, digits and hyphens; a wildcard may be the first label',
    applies: always,
    check: (linted) =>
      firstOf(linted, (name) =>
        name.kind === 'dns' && !isHostName(name.value) ? `dNSName "${name.value}"` : undefined,
      ),
  },
  {
    id: 'uri-absolute',
    source: 'RFC 5280 section 4.2.1.6; RFC 3986 section 4.3',
    severity: 'error',
    holds: 'URIs have a scheme and something after it, in visible ASCII',
    applies: always,
    check: (linted) =>
      firstOf(linted, (name) =>
        name.kind === 'uri' && !/^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(name.value)
          ? `uniformResourceIdentifier "${name.value}"`
          : undefined,
      ),
  },
  {
    id: 'email-a-mailbox',
    source: 'RFC 5280 section 4.2.1.6; RFC 2821 section 4.1.2',
    severity: 'error',
    holds: 'e-mail addresses are local-part@domain, without display name or brackets',
    applies: always,
    check: (linted) =>
      firstOf(linted, (name) =>
        name.kind === 'email' && !/^[^\s<>@"]+@[^\s<>@"]+$/.test(name.value)
          ? `rfc822Name "${name.value}"`
          : undefined,
      ),
  },
  {
    id: 'hardware-module-name-filled',
    source: 'RFC 4108 section 5; RFC 4043 section 2',
    severity: 'error',
    holds: 'a hardware module has a serial number, a permanent identifier is not empty',
    applies: always,
    check: (linted) =>
      firstOf(linted, (name) => {
        if (name.kind === 'hardwareModuleName' && name.serialNumber.length === 0)
          return 'hardwareModuleName has an empty serial number'
        if (name.kind !== 'permanentIdentifier') return undefined
        const empty = name.identifier === undefined || name.identifier === ''
        return empty ? 'permanentIdentifier names nothing' : undefined
      }),
  },
  {
    id: 'alternative-names-once',
    source: 'own: a repetition is a slip in a template',
    severity: 'warning',
    holds: 'no alternative name stands twice',
    applies: always,
    check: (linted) => {
      const names = linted.value('subjectAltName')
      if (names === undefined || names.length < 2) return undefined
      const seen = new Set(
        names.map((name) => encodeExtension('subjectAltName', [name]).value.toHex()),
      )
      return seen.size < names.length ? 'subjectAltName names something twice' : undefined
    },
  },
]

function firstOf(
  linted: Linted,
  check: (name: GeneralName) => string | undefined,
): string | undefined {
  for (const name of linted.value('subjectAltName') ?? []) {
    const detail = check(name)
    if (detail !== undefined) return detail
  }
  return undefined
}

function isHostName(text: string): boolean {
  if (text.length > 253) return false
  return /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(
    text,
  )
}
