// SPDX-License-Identifier: Apache-2.0
/** Where status and issuer are found, or that they are not: RFC 5280 sections 4.2.1.13 and 4.2.2, RFC 9608. */
import { accessMethods } from '#format/oids.ts'
import type { Linted } from '../linted.ts'
import { always, authorities, except, only, type Rule } from '../rule.ts'

export const statusRules: readonly Rule[] = [
  {
    id: 'crl-distribution-points-not-critical',
    source: 'RFC 5280 section 4.2.1.13',
    severity: 'warning',
    holds: 'CRL distribution points are not critical',
    applies: always,
    check: (linted) =>
      linted.critical('cRLDistributionPoints') ? 'cRLDistributionPoints is critical' : undefined,
  },
  {
    id: 'authority-info-access-not-critical',
    source: 'RFC 5280 section 4.2.2.1',
    severity: 'error',
    holds: 'authority information access is not critical',
    applies: always,
    check: (linted) =>
      linted.critical('authorityInfoAccess') ? 'authorityInfoAccess is critical' : undefined,
  },
  {
    id: 'pointers-plain-http',
    source: 'RFC 5280 sections 4.2.1.13, 4.2.2.1 and 8: https would ask for its own status in turn',
    severity: 'warning',
    holds: 'addresses of lists, responders and issuers are plain http (what they give is signed)',
    applies: always,
    check: (linted) => {
      const strange = pointersOf(linted).find((url) => !url.startsWith('http://'))
      return strange && `"${strange}" is not plain http`
    },
  },
  {
    id: 'no-rev-avail-stands-alone',
    source: 'RFC 9608 section 3',
    severity: 'error',
    holds: 'with noRevAvail there are no distribution points and no OCSP address',
    applies: always,
    check: (linted) => {
      if (!linted.has('noRevAvail')) return undefined
      const points = (['cRLDistributionPoints', 'freshestCRL'] as const).find((name) =>
        linted.has(name),
      )
      if (points !== undefined) return `noRevAvail stands beside ${points}`
      const ocsp = linted
        .value('authorityInfoAccess')
        ?.some(({ method }) => method === accessMethods.ocsp)
      return ocsp ? 'noRevAvail stands beside an OCSP address' : undefined
    },
  },
  {
    id: 'no-rev-avail-not-critical',
    source: 'RFC 9608 section 2',
    severity: 'error',
    holds: 'noRevAvail is not critical',
    applies: always,
    check: (linted) => (linted.critical('noRevAvail') ? 'noRevAvail is critical' : undefined),
  },
  {
    id: 'no-rev-avail-on-leaf',
    source: 'RFC 9608 section 3',
    severity: 'error',
    holds: 'an authority has no noRevAvail',
    applies: authorities,
    check: (linted) => (linted.has('noRevAvail') ? 'noRevAvail is there' : undefined),
  },
  {
    id: 'ocsp-no-check-on-responder',
    source: 'RFC 6960 section 4.2.2.2.1',
    severity: 'warning',
    holds: 'an OCSP certificate says that it need not be checked',
    applies: only('ocsp'),
    check: (linted) => (linted.has('ocspNoCheck') ? undefined : 'ocspNoCheck is missing'),
  },
  {
    id: 'ocsp-no-check-of-responders-alone',
    source: 'RFC 6960 section 4.2.2.2.1',
    severity: 'error',
    holds: 'only an OCSP certificate has ocspNoCheck',
    applies: except('ocsp'),
    check: (linted) =>
      linted.has('ocspNoCheck') ? `ocspNoCheck in a ${linted.kind} certificate` : undefined,
  },
]

function pointersOf(linted: Linted): string[] {
  const points = linted.value('cRLDistributionPoints')?.flatMap(({ fullName }) => fullName) ?? []
  const access = linted.value('authorityInfoAccess')?.map(({ location }) => location) ?? []
  return [...points, ...access].flatMap((name) => (name.kind === 'uri' ? [name.value] : []))
}
