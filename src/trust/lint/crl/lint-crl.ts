// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type CrlOutline, outlineTbsCrl } from '#format/x509/crl-outline.ts'
import { newPlainEntry, readPlainEntry } from '#format/x509/plain-entry.ts'
import type { Finding } from '../rule.ts'
import { type CrlKind, crlRules } from './crl-rules.ts'

/**
 * What is wrong with a revocation list that is about to be signed, but for its entries: those of a great list
 * are looked at piece by piece, by `lintEntries`.
 *
 * @param toBeSigned the TBSCertList, exactly the bytes that will be signed
 * @param issuer the certificate of the key that will sign
 */
export function lintCrl(
  toBeSigned: Uint8Array,
  issuer: Certificate,
  kind: CrlKind,
): readonly Finding[] {
  const crl = parse(toBeSigned)
  if ('rule' in crl) return [crl]
  const findings: Finding[] = []
  for (const { id, severity, source, check } of crlRules) {
    const detail = check({ crl, issuer, kind })
    if (detail !== undefined) findings.push({ rule: id, severity, source, detail })
  }
  return findings
}

/** The rule that stands before all others. */
export const crlParseRule = {
  id: 'crl-parses-strictly',
  source: 'RFC 5280 section 5.1; X.690',
  severity: 'error',
  holds: 'it is DER, version 2, with nextUpdate, and extensions that are known, each of them once',
} as const

/** The rule of the entries. */
export const crlEntriesRule = {
  id: 'crl-entries-plain',
  source: 'RFC 5280 sections 5.1.2.6 and 5.3.1',
  severity: 'error',
  holds:
    'each entry has a serial number, a time in whole seconds and nothing or a reason, which is never "unspecified", and removeFromCRL in a delta alone',
} as const

function parse(toBeSigned: Uint8Array): CrlOutline | Finding {
  try {
    return outlineTbsCrl(toBeSigned)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { id: rule, source, severity } = crlParseRule
    return { rule, severity, source, detail: error.message }
  }
}

/** CRLReason, RFC 5280 section 5.3.1. */
export const removeFromCrl = 8

/** What is wrong with a piece of the entries; nothing, and how many there are. A million take 0.1 s in all. */
export function lintEntries(
  entries: Uint8Array,
  kind: CrlKind,
): { readonly count: number; readonly finding?: Finding } {
  const { id: rule, source, severity } = crlEntriesRule
  const entry = newPlainEntry()
  let count = 0
  try {
    for (let at = 0; at < entries.length; at = entry.end, count++) {
      readPlainEntry(entries, at, entry)
      if (entry.reason === removeFromCrl && kind !== 'delta') {
        const detail = `removeFromCRL in a ${kind} list`
        return { count, finding: { rule, source, severity, detail } }
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { count, finding: { rule, source, severity, detail: error.message } }
  }
  return { count }
}
