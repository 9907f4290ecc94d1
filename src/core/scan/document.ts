// SPDX-License-Identifier: Apache-2.0
import { rules } from '#trust/secrets/rules.ts'
import type { Acceptance } from './baseline.ts'
import { isRule } from './baseline.ts'
import type { Finding } from './finding.ts'
import { notScannedReasons } from './not-scanned.ts'
import { resultOf, type ScanReport, severities } from './report.ts'
import { showPath } from './show-path.ts'

/** A report for programs: what `--json` prints. Names only come, none goes. */
export function documentOf(report: ScanReport, passed: boolean): object {
  const { findings, accepted, notScanned, expired, unused } = report
  return {
    ...{ result: resultOf(report), passed, rules: report.rules, paths: report.paths },
    ...{ startedAt: `${report.startedAt}`, endedAt: `${report.endedAt}` },
    ...{ files: report.files, octets: report.octets },
    counts: {
      ...Object.fromEntries(
        severities.map((severity) => [
          severity,
          findings.filter((finding) => finding.severity === severity).length,
        ]),
      ),
      ...{ accepted: accepted.length, notScanned: notScanned.length },
    },
    findings: findings.map(showFinding),
    accepted: accepted.map(({ finding, acceptance }) => ({
      ...showFinding(finding),
      accepted: showAcceptance(acceptance),
    })),
    notScanned: notScanned.map(({ path, offset, reason, because }) => ({
      ...{ path, shown: showPath(path), offset, reason, because },
      todo: notScannedReasons[reason],
    })),
    baseline: { expired: expired.map(showAcceptance), unused: unused.map(showAcceptance) },
  }
}

export function showFinding(finding: Finding) {
  const { rule, severity, confidence, path, offset, what, identity, key = null } = finding
  const row = isRule(rule) ? rules[rule] : undefined
  return {
    ...{ rule, severity, confidence, path, shown: showPath(path), offset, what },
    ...{ why: row?.why ?? null, todo: row?.todo ?? null, source: row?.source ?? null },
    ...{ identity, key },
  }
}

function showAcceptance({ until, ...rest }: Acceptance) {
  return { ...rest, until: `${until}` }
}
