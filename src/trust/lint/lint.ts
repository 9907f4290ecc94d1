// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseToBeSigned, type ToBeSigned } from '#format/x509/certificate.ts'
import { type CertificateKind, certificateKinds } from './kinds.ts'
import { Linted } from './linted.ts'
import type { Finding, Rule } from './rule.ts'
import { rules } from './rules.ts'

export type { Finding, Severity } from './rule.ts'

/**
 * What is wrong with a certificate that is about to be signed, errors and warnings, in the order of
 * the rules; empty if all is well.
 *
 * @param toBeSigned the TBSCertificate, exactly the bytes that will be signed
 * @param issuer the certificate of the key that will sign; undefined if it is the certificate's own
 */
export function lintCertificate(
  toBeSigned: Uint8Array,
  issuer: Certificate | undefined,
  kind: CertificateKind,
): readonly Finding[] {
  const certificate = parse(toBeSigned)
  if ('rule' in certificate) return [certificate]
  const linted = new Linted(certificate, issuer && issuerView(issuer), kind)
  const findings: Finding[] = []
  for (const rule of rulesFor.get(kind) ?? []) {
    const detail = rule.check(linted)
    if (detail !== undefined)
      findings.push({ rule: rule.id, severity: rule.severity, source: rule.source, detail })
  }
  return findings
}

/** The rule that stands before all others: what does not parse can say nothing else. */
export const parseRule = {
  id: 'parses-strictly',
  source: 'RFC 5280 section 4.1; X.690',
  severity: 'error',
  holds: 'it is DER, version 3, with known critical extensions, each of them once and well-formed',
} as const

function parse(toBeSigned: Uint8Array): ToBeSigned | Finding {
  try {
    return parseToBeSigned(toBeSigned)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { id: rule, source, severity } = parseRule
    return { rule, severity, source, detail: error.message }
  }
}

const rulesFor: ReadonlyMap<CertificateKind, readonly Rule[]> = new Map(
  certificateKinds.map((kind) => [kind, rules.filter(({ applies }) => applies(kind))]),
)

/** An issuer signs many: its extensions are read once. */
const issuerViews = new WeakMap<Certificate, Linted>()

function issuerView(issuer: Certificate): Linted {
  let view = issuerViews.get(issuer)
  if (view === undefined) {
    view = new Linted(issuer, undefined, 'issuing')
    issuerViews.set(issuer, view)
  }
  return view
}
