// SPDX-License-Identifier: Apache-2.0
import { rulesVersion } from '#trust/secrets/rules.ts'
import type { Acceptance, BaselineOutcome } from './baseline.ts'
import type { Finding } from './finding.ts'
import type { NotScanned } from './not-scanned.ts'
import { showPath } from './show-path.ts'

export const severities = ['critical', 'warning', 'notice'] as const
export type Severity = (typeof severities)[number]

/** A finding that the baseline accepted, and why. */
export interface AcceptedFinding {
  readonly finding: Finding
  readonly acceptance: Acceptance
}

/** What a scan came to, the gravest first. */
export interface ScanReport {
  readonly rules: string
  readonly paths: readonly string[]
  readonly startedAt: Temporal.Instant
  readonly endedAt: Temporal.Instant
  readonly files: number
  readonly octets: number
  readonly findings: readonly Finding[]
  readonly accepted: readonly AcceptedFinding[]
  readonly notScanned: readonly NotScanned[]
  /** Acceptances of the baseline that have ended, and those that nothing needed. */
  readonly expired: readonly Acceptance[]
  readonly unused: readonly Acceptance[]
}

/** Puts what was found beside what is accepted, in an order that is the same at each scan. */
export function makeReport(
  scan: Pick<ScanReport, 'paths' | 'startedAt' | 'endedAt' | 'files' | 'octets' | 'notScanned'>,
  judged: BaselineOutcome,
): ScanReport {
  const accepted = judged.accepted.toSorted((left, right) => byGravity(left.finding, right.finding))
  return {
    ...{ rules: rulesVersion, ...scan, ...judged },
    ...{ findings: judged.findings.toSorted(byGravity), accepted },
  }
}

function byGravity(left: Finding, right: Finding): number {
  const gravity = severities.indexOf(left.severity) - severities.indexOf(right.severity)
  if (gravity !== 0) return gravity
  const [one, other] = [showPath(left.path), showPath(right.path)]
  if (one !== other) return one < other ? -1 : 1
  return (left.offset ?? -1) - (right.offset ?? -1)
}

/** What is asked of an image before it may pass. */
export interface Gate {
  /** Findings as grave as this, or graver, stop it; `never`: none does. */
  readonly failOn: Severity | 'never'
  /** Let what could not be looked into pass: otherwise nobody knows what passes. */
  readonly allowUnscanned: boolean
}

export function passes({ findings, notScanned }: ScanReport, gate: Gate): boolean {
  if (gate.failOn === 'never') return true
  if (notScanned.length > 0 && !gate.allowUnscanned) return false
  const least = severities.indexOf(gate.failOn)
  return findings.every(({ severity }) => severities.indexOf(severity) > least)
}

/** As a record of a scan says it in one word. */
export function resultOf({ findings, notScanned }: ScanReport): 'clean' | 'found' | 'part' {
  if (findings.length > 0) return 'found'
  return notScanned.length > 0 ? 'part' : 'clean'
}
