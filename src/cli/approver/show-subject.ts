// SPDX-License-Identifier: Apache-2.0
/** What an approval is about, in lines that a person reads before signing. */
import type { ReleaseManifest } from '#format/release/manifest.ts'
import { signingWords } from '#format/release/manifest-signing.ts'
import { signingLines, signingTitle } from '../show/signing-lines.ts'
import { printable } from '../show/value.ts'
import type { Answer } from '../talk/server.ts'

export type Subject = Answer<'release.preview'>

/**
 * @param manifest as it was parsed from the octets whose digest was checked: nothing here is the server's word alone
 *   but what it says of checks and people
 */
export function subjectLines(
  subject: Subject,
  manifest: ReleaseManifest,
  before: ReleaseManifest | undefined,
): readonly string[] {
  const { product, version, securityVersion, kind, channel, environment, supportUntil } = manifest
  return [
    `${product.name} ${version}, a ${kind} release for ${environment} (channel ${channel})`,
    ...pairs([
      ['release', `${manifest.release}, revision ${manifest.revision}`],
      ['security version', String(securityVersion)],
      ['supported until', supportUntil ?? 'it does not say'],
      ['manifest', `SHA-256 ${subject.manifestSha256}`],
    ]),
    '',
    'artefacts',
    ...manifest.artefacts.map(
      ({ name, octets, sha256 }) => `  ${name}  ${octets} octets  ${sha256}`,
    ),
    ...listed(signingTitle(manifest.signing), signingLines(manifest.signing)),
    ...listed(
      'documents',
      manifest.attachments.map(({ role, name }) => `${role}  ${name}`),
    ),
    ...listed(
      'tests',
      manifest.tests.map(({ name, outcome }) => `${outcome}  ${name}`),
    ),
    '',
    before === undefined
      ? 'nothing was signed for these devices before'
      : `since ${before.version}, which was signed before it`,
    ...(before === undefined ? [] : changesSince(before, manifest).map((line) => `  ${line}`)),
    '',
    'checks',
    ...subject.checks.flatMap(checkLines),
    ...listed(
      'who signed so far',
      subject.approvals.map(
        ({ act, name, role, because }) =>
          `${act}  ${name} (${role})${because === null ? '' : `, does not count: ${because}`}`,
      ),
    ),
    ...(subject.missing.length === 0 ? [] : ['', `still missing: ${subject.missing.join(', ')}`]),
  ].map(printable)
}

function checkLines({ title, asked, passed, detail, remedy }: Subject['checks'][number]) {
  if (!asked) return passed ? [] : [`  not asked   ${title}: ${detail}`]
  return passed
    ? [`  good        ${title}: ${detail}`]
    : [`  NOT MET     ${title}: ${detail}`, `              ${remedy}`]
}

/** What is another than in the release that devices have, a line each. */
export function changesSince(before: ReleaseManifest, now: ReleaseManifest): readonly string[] {
  const terms = (['securityVersion', 'kind', 'supportUntil'] as const).flatMap((name) =>
    before[name] === now[name] ? [] : [`${words[name]} ${before[name]} became ${now[name]}`],
  )
  const lines = [
    ...terms,
    ...filesSince('artefact', before.artefacts, now.artefacts),
    ...filesSince('document', before.attachments, now.attachments),
    ...linesSince(before, now),
  ]
  return lines.length === 0 ? ['nothing but the version changed'] : lines
}

const words = {
  securityVersion: 'security version',
  kind: 'kind',
  supportUntil: 'end of support',
} as const

interface Named {
  readonly name: string
  readonly sha256: string
}

function filesSince(what: string, before: readonly Named[], now: readonly Named[]) {
  const was = new Map(before.map(({ name, sha256 }) => [name, sha256]))
  const is = new Map(now.map(({ name, sha256 }) => [name, sha256]))
  return [
    ...[...is].flatMap(([name, sha256]) => {
      const old = was.get(name)
      if (old === undefined) return [`${what} ${name} is new`]
      return old === sha256 ? [] : [`${what} ${name} changed`]
    }),
    ...[...was.keys()].filter((name) => !is.has(name)).map((name) => `${what} ${name} is gone`),
  ]
}

/** Whoever signed the one before knows its lines: only those that are others are told. */
function linesSince(before: ReleaseManifest, now: ReleaseManifest): readonly string[] {
  const [was, is] = [before, now].map(({ signing }) => signing.lines.map(signingWords))
  return [
    ...(is ?? []).flatMap((line) => (was?.includes(line) ? [] : [`now signed as ${line}`])),
    ...(was ?? []).flatMap((line) => (is?.includes(line) ? [] : [`no more signed as ${line}`])),
  ]
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]
}

function pairs(rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.map(([name, value]) => `  ${name.padEnd(17)} ${value}`)
}
