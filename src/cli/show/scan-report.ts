// SPDX-License-Identifier: Apache-2.0
import { isRule } from '#core/scan/baseline.ts'
import type { Finding } from '#core/scan/finding.ts'
import { notScannedReasons } from '#core/scan/not-scanned.ts'
import { type ScanReport, severities } from '#core/scan/report.ts'
import { showPath } from '#core/scan/show-path.ts'
import { rules } from '#trust/secrets/rules.ts'
import { pairLines } from './record.ts'
import type { TableOptions } from './table.ts'
import { printable } from './value.ts'

const colours = { critical: 'red', warning: 'yellow', notice: 'dim' } as const
/** What could not be looked into is named one by one up to here. */
const mostNamed = 50

/** A report as a person reads it: by file, the gravest first, then what each kind means, then the sum. */
export function reportLines(
  report: ScanReport,
  passed: boolean,
  options: TableOptions,
): readonly string[] {
  return [
    ...findingLines(report, options),
    ...meaningLines(report, options),
    ...notScannedLines(report),
    ...baselineLines(report),
    sumLine(report, passed, options),
  ]
}

function findingLines({ findings }: ScanReport, { paint }: TableOptions): readonly string[] {
  // A file stands where its gravest finding does.
  const files = Map.groupBy(findings, ({ path }) => showPath(path))
  return [...files].flatMap(([file, own]) => [
    paint('bold', printable(file)),
    ...own.map((finding) => {
      const severity = paint(colours[finding.severity], finding.severity.padEnd(8))
      return `  ${severity}  ${finding.rule}: ${printable(finding.what)}${placeOf(finding)}`
    }),
    '',
  ])
}

function placeOf({ offset, confidence }: Finding): string {
  const place = offset === null ? '' : `, at ${offset}`
  return confidence === 'certain' ? place : `${place} (${confidence})`
}

function meaningLines({ findings }: ScanReport, options: TableOptions): readonly string[] {
  const names = [...new Set(findings.map(({ rule }) => rule))].filter(isRule)
  return names.flatMap((name) => [
    options.paint('bold', name),
    ...pairLines(
      [
        ['why', rules[name].why],
        ['what to do', rules[name].todo],
      ],
      { ...options, indent: '  ' },
    ),
    '',
  ])
}

function notScannedLines({ notScanned }: ScanReport): readonly string[] {
  if (notScanned.length === 0) return []
  const reasons = [...new Set(notScanned.map(({ reason }) => reason))]
  const rest = notScanned.length - mostNamed
  return [
    'not scanned',
    ...notScanned
      .slice(0, mostNamed)
      .map(({ path, because }) => `  ${printable(showPath(path))}: ${printable(because)}`),
    ...(rest > 0 ? [`  and ${rest} more, which --json names`] : []),
    ...reasons.map((reason) => `  what to do (${reason}): ${notScannedReasons[reason]}`),
    '',
  ]
}

function baselineLines({ expired, unused }: ScanReport): readonly string[] {
  const lines = [
    ...expired.map(
      ({ rule, until, by, because }) =>
        `an acceptance has ended: ${rule}, until ${until}, by ${by}: ${because}`,
    ),
    ...unused.map(
      ({ rule, identity, because }) =>
        `nothing needs an acceptance: ${rule} ${identity.slice(0, 12)}…: ${because}`,
    ),
  ]
  return lines.length === 0 ? [] : [...lines.map(printable), '']
}

function sumLine(report: ScanReport, passed: boolean, { paint }: TableOptions): string {
  const { findings, accepted, notScanned, files, octets } = report
  const counts = severities
    .map((severity) => ({
      severity,
      count: findings.filter((finding) => finding.severity === severity).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}`)
  const parts = [
    ...(counts.length === 0 ? ['nothing found'] : counts),
    ...(accepted.length === 0 ? [] : [`${accepted.length} accepted`]),
    ...(notScanned.length === 0 ? [] : [`${notScanned.length} not scanned`]),
    `${files.toLocaleString('en')} ${files === 1 ? 'file' : 'files'}, ${sizeText(octets)}`,
  ]
  return `${passed ? paint('green', '✓') : paint('red', '✗')} ${parts.join(' · ')}`
}

function sizeText(octets: number): string {
  const [size, unit] = octets < 100_000 ? [octets / 1e3, 'kB'] : [octets / 1e6, 'MB']
  return `${size.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`
}
