// SPDX-License-Identifier: Apache-2.0
/** What single kinds of certificates ask for beyond RFC 5280. */
import { sameBytes } from '#format/bytes.ts'
import { noWellDefinedEnd } from '#format/der/time.ts'
import { except, only, type Rule } from '../rule.ts'

export const kindRules: readonly Rule[] = [
  {
    id: 'birth-without-end',
    source: 'IEEE 802.1AR-2018; RFC 5280 section 4.1.2.5',
    severity: 'warning',
    holds: 'a birth certificate ends 99991231235959Z, or with its issuer if that ends (a trial)',
    applies: only('birth'),
    check: ({ certificate: { notAfter }, issuer }) => {
      const ends = [noWellDefinedEnd, issuer?.certificate.notAfter]
      return ends.some((end) => end?.equals(notAfter)) ? undefined : `notAfter is ${notAfter}`
    },
  },
  {
    id: 'birth-without-distribution-points',
    source: 'own: a list of certificates without end would grow for ever',
    severity: 'warning',
    holds: 'a birth certificate has no CRL distribution points',
    applies: only('birth'),
    check: (linted) =>
      linted.has('cRLDistributionPoints') ? 'cRLDistributionPoints is there' : undefined,
  },
  {
    id: 'working-at-most-three-years',
    source:
      'NIST SP 800-57 part 1 table 1: an authentication key serves 1 to 2 years, with shelf life 3',
    severity: 'warning',
    holds: 'a working certificate lives at most three years',
    applies: only('working'),
    check: ({ certificate }) => longerThan(certificate, 3 * 366),
  },
  {
    id: 'signer-at-most-460-days',
    source: 'CA/Browser Forum code signing requirements 6.3.2, since 2026-03-01',
    severity: 'warning',
    holds: 'a firmware signer lives at most 460 days',
    applies: only('signer'),
    check: ({ certificate }) => longerThan(certificate, 460),
  },
  {
    id: 'masa-url-at-birth-alone',
    source: 'RFC 8995 section 2.3.2',
    severity: 'error',
    holds: 'only a birth certificate carries a MASA address',
    applies: except('birth'),
    check: (linted) => (linted.has('masaUrl') ? 'the MASA address is there' : undefined),
  },
  {
    id: 'link-between-roots-of-one-name',
    source: 'RFC 9810 section 4.4; RFC 5280 section 6.1.4 (l): what is self-issued counts no rank',
    severity: 'error',
    holds: 'the subject of a link is its issuer, to the byte',
    applies: only('link'),
    check: ({ certificate: { subject, issuer } }) =>
      sameBytes(subject.der, issuer.der)
        ? undefined
        : `subject ${subject.der.toHex()} is not the issuer ${issuer.der.toHex()}`,
  },
  {
    id: 'link-path-length-within-issuer',
    source: 'RFC 5280 sections 4.2.1.9 and 6.1.4 (m)',
    severity: 'error',
    holds: "the path length of a link is at most its issuer's",
    applies: only('link'),
    check: (linted) => {
      const allowed = linted.issuer?.value('basicConstraints')?.pathLength
      const own = linted.value('basicConstraints')?.pathLength
      if (allowed === undefined || (own !== undefined && own <= allowed)) return undefined
      return `path length ${own ?? 'without limit'}, its issuer's is ${allowed}`
    },
  },
]

function longerThan(
  span: { readonly notBefore: Temporal.Instant; readonly notAfter: Temporal.Instant },
  days: number,
): string | undefined {
  // RFC 5280 section 4.1.2.5: both ends are included.
  const seconds = (span.notAfter.epochMilliseconds - span.notBefore.epochMilliseconds) / 1000 + 1
  return seconds > days * 86_400
    ? `it lives ${Math.ceil(seconds / 86_400)} days, at most ${days} are right`
    : undefined
}
