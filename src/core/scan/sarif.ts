// SPDX-License-Identifier: Apache-2.0
/** SARIF 2.1.0 (OASIS, 2020), for whoever shows findings beside the code. */
import { type Rule, rules } from '#trust/secrets/rules.ts'
import type { Finding } from './finding.ts'
import type { NotScanned } from './not-scanned.ts'
import type { AcceptedFinding, ScanReport, Severity } from './report.ts'
import { showPath } from './show-path.ts'

/** 3.27.10. */
const levels = { critical: 'error', warning: 'warning', notice: 'note' } as const
/** Between 0 and 10, as GitHub sorts them: over 9 is critical, over 4 medium. */
const gravity = { critical: '9.5', warning: '6.0', notice: '2.0' } as const satisfies Record<
  Severity,
  string
>

const ruleNames = Object.keys(rules)

export function sarifOf(report: ScanReport, version: string): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'vitalsign', version, rules: Object.entries(rules).map(ruleOf) } },
        invocations: [
          {
            executionSuccessful: true,
            startTimeUtc: `${report.startedAt.round('millisecond')}`,
            endTimeUtc: `${report.endedAt.round('millisecond')}`,
            toolExecutionNotifications: report.notScanned.map(notificationOf),
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: [
          ...report.findings.map((finding) => resultOf(finding)),
          ...report.accepted.map(acceptedOf),
        ],
        properties: { rulesVersion: report.rules },
      },
    ],
  }
}

function ruleOf([id, { severity, what, why, todo, source }]: [string, Rule]) {
  return {
    ...{ id, name: id },
    shortDescription: { text: sentence(what) },
    fullDescription: { text: sentence(why) },
    help: { text: `${sentence(todo)} (${source})` },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: ['security'], 'security-severity': gravity[severity] },
  }
}

function resultOf(finding: Finding) {
  const { rule, severity, confidence, what, identity, path, offset } = finding
  const isInside = path.length > 1
  return {
    ...{ ruleId: rule, ruleIndex: ruleNames.indexOf(rule), level: levels[severity] },
    message: { text: messageOf(isInside ? `${what}, in ${showPath(path)}` : what) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path[0] ?? '') },
          // An offset in what lies inside is none of the file.
          ...(isInside || offset === null ? {} : { region: { byteOffset: offset } }),
        },
        logicalLocations: [{ fullyQualifiedName: showPath(path), kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'vitalsignIdentity/v1': identity },
    properties: { confidence, ...(offset === null ? {} : { offset }) },
  }
}

/** 3.27.23: what somebody answers for is a result that is suppressed from outside. */
function acceptedOf({ finding, acceptance }: AcceptedFinding) {
  const { because, by, until } = acceptance
  return {
    ...resultOf(finding),
    suppressions: [
      { kind: 'external', status: 'accepted', justification: `${because} (${by}, until ${until})` },
    ],
  }
}

function notificationOf({ path, because, reason }: NotScanned) {
  return {
    ...{ level: 'warning', descriptor: { id: `not-scanned/${reason}` } },
    message: { text: messageOf(`not scanned because ${because}: ${showPath(path)}`) },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path[0] ?? '') } } }],
  }
}

/** RFC 3986: relative where the path is, octets that an address cannot have escaped. */
function uriOf(path: string): string {
  const parts = path.replace(/^\.\//, '').split('/').map(encodeURIComponent)
  return path.startsWith('/') ? `file://${parts.join('/')}` : parts.join('/')
}

/** 3.11.6: brackets would begin a link, and names of files are a stranger's. */
function messageOf(text: string): string {
  return sentence(text).replace(/[\\[\]]/g, '\\$&')
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
