// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { effectLines } from '../show/key-effect.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

/** What would break if a signing key ended, in plain words; ends with 1 if anything would. */
export const keyWhatIf: Verb = async (call) => {
  const { server, input } = await begin(call)
  const asked = server.ask('signing-key.what-if', input)
  const answer = await call.terminal.waiting('counting …', asked)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, linesOf(call, answer))
  return answer.breaks ? exit.refused : exit.done
}

type Found = Answer<'signing-key.what-if'>

/** Groups that are shown; `--json` has more. */
const mostGroups = 8

function linesOf({ terminal }: Call, found: Found): readonly string[] {
  const { breaks, summary, name, effects, releases } = found
  return [
    terminal.paint(breaks ? 'red' : 'green', summary),
    ...section(
      'its certificates',
      found.chain.map((one) => `${one.subject}, until ${day(one.notAfter)}`),
    ),
    ...section('devices', [
      `${found.inService} in service, ${found.holding} report that they believe ${name}, ${found.dependent} of them no other key${namesOf(found)}`,
      ...(found.unknown > 0 ? [`${found.unknown} never said whom they believe`] : []),
      ...groups(
        'by lot',
        found.lots.map(({ lot, devices }) => `${lot || 'none'}: ${devices}`),
      ),
      ...groups(
        'by version',
        found.versions.map((one) => `${one.firmwareVersion}: ${one.devices}`),
      ),
    ]),
    ...section(
      'published releases that it signed',
      releases.map(({ firmwareVersion, supportUntil, outlivesCertificate }) =>
        [
          firmwareVersion,
          ...(supportUntil === null ? [] : [`supported until ${day(supportUntil)}`]),
          ...(outlivesCertificate ? ['which is after its certificate ends'] : []),
        ].join(', '),
      ),
    ),
    ...section('what devices do', effects.flatMap(effectLines)),
    ...section(
      'what to do before',
      found.steps.map((step, index) => `${index + 1}. ${step}`),
    ),
  ]
}

function namesOf({ first, dependent }: Found): string {
  if (first.length === 0) return ''
  return `: ${first.join(', ')}${dependent > first.length ? ' …' : ''}`
}

function groups(title: string, shown: readonly string[]): readonly string[] {
  if (shown.length === 0) return []
  const more = shown.length > mostGroups ? [`and ${shown.length - mostGroups} more`] : []
  return [`  ${title}: ${[...shown.slice(0, mostGroups), ...more].join(', ')}`]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
}

function day(instant: string): string {
  return instant.slice(0, 10)
}
