// SPDX-License-Identifier: Apache-2.0

import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { deliver } from './export.ts'
import { begin, isJson, tableOptions, type Verb } from './verb.ts'

type Report = Answer<'report.credentials'>
type Row = Report['credentials'][number]

/** The columns of the life-cycle table, in the order in which a reviewer asks. */
const columns = [
  ['standard', ({ standard }) => standard],
  ['held by', ({ holder }) => holder],
  ['algorithms', algorithmsOf],
  ['generated', ({ generated }) => generated],
  ['stored', ({ stored }) => stored],
  ['configured', ({ configured, profile }) => configured + ruledBy(profile)],
  ['transferred', ({ transferred }) => transferred],
  ['verified', ({ verified }) => verified],
  ['validity', ({ validity }) => validity],
  ['renewed', ({ renewed }) => renewed],
  ['revoked', ({ revoked }) => revoked],
  ['destroyed', ({ destroyed }) => destroyed],
  [
    'in force',
    ({ counts }) => (counts === null ? '' : `${counts.issued}, revoked ${counts.revoked}`),
  ],
] as const satisfies readonly (readonly [string, (row: Row) => string])[]

/** The report as text for a terminal, or as Markdown or CSV for a file. */
export const reportCredentials: Verb = async (call) => {
  const { server, input } = await begin(call)
  const waiting = server.ask('report.credentials', input)
  const report = await call.terminal.waiting('counting …', waiting)
  const form = isJson(call) ? 'json' : (call.said.text('form') ?? 'text')
  await deliver(call, [forms[form as keyof typeof forms](report, tableOptions(call))])
  return exit.done
}

const forms = {
  json: jsonText,
  text: (report: Report, options: Parameters<typeof pairLines>[1]) =>
    report.credentials
      .map((row) =>
        [options.paint('bold', titleOf(row)), ...pairLines(pairsOf(row), options), ''].join('\n'),
      )
      .join('\n'),
  markdown: (report: Report) =>
    [
      '# Credentials and their life',
      '',
      `Made ${report.at} by Vitalsign ${report.version}, ${report.environment} installation, root ${report.rootSha256},`,
      `from the log of ${report.log.size} events with the tree hash ${report.log.rootSha256}.`,
      '',
      ...report.credentials.flatMap((row) => [
        `## ${titleOf(row)}`,
        '',
        ...['| | |', '|---|---|'],
        ...pairsOf(row).map(([name, value]) => `| ${name} | ${value.replaceAll('|', '\\|')} |`),
        '',
      ]),
    ].join('\n'),
  csv: ({ credentials }: Report) =>
    [
      ['type', 'profile', ...columns.map(([name]) => name)],
      ...credentials.map((row) => [
        row.type,
        row.profile?.name ?? '',
        ...columns.map(([, of]) => of(row)),
      ]),
    ]
      .map((fields) => `${fields.map(quoted).join(',')}\r\n`)
      .join(''),
}

function titleOf({ type, profile }: Row): string {
  return profile === null ? type : `${type} (${profile.name})`
}

function pairsOf(row: Row): readonly (readonly [string, string])[] {
  return columns.map(([name, of]) => [name, of(row)] as const).filter(([, value]) => value !== '')
}

function algorithmsOf({ algorithms }: Row): string {
  return algorithms.map(({ name, strength }) => `${name} (${strength} bits)`).join(', ')
}

function ruledBy(profile: Row['profile']): string {
  return profile === null ? '' : `: ${profile.name}, version ${profile.version}`
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
