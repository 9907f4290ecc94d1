// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Paint } from '../terminal/paint.ts'
import { begin, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

type Judgement = Answer<'release.judge'>
type Check = Judgement['checks'][number]

/** What a release still needs: what is not met first, with what to do about it. */
export const judgeRelease: Verb = async (call) => {
  const { server, input } = await begin(call)
  const judgement = await server.ask('release.judge', input)
  if (isJson(call)) await call.terminal.write(jsonText(judgement))
  else await writeLines(call, judgementLines(judgement, tableOptions(call).paint))
  return exit.done
}

const verdicts: Readonly<Record<Judgement['verdict'], string>> = {
  'not-submitted': 'not submitted yet',
  refused: 'refused by somebody, until it is changed and put forward again',
  'checks-failed': 'something that the signing policy asks is not met',
  waiting: 'people have yet to agree',
  emergency: 'may be signed on one approval, for a while',
  approved: 'nothing is missing: it may be signed',
}

/** The judgement of a release as people read it. */
export function judgementLines(judgement: Judgement, paint: Paint): readonly string[] {
  const { release, verdict, policy, checks, missing, approvals, emergency } = judgement
  const asked = checks.filter((one) => one.asked)
  const unasked = checks.filter((one) => !one.asked && !one.passed)
  return [
    paint('bold', `${release}: ${verdicts[verdict]}`),
    `  judged by ${policy === 0 ? 'the usual rules' : `signing policy ${policy}`}`,
    ...section('not met', asked.filter(({ passed }) => !passed).flatMap(failedLines), paint),
    ...section(
      'still missing',
      missing.map((what) => ['people', printable(what)] as const),
      paint,
    ),
    ...section('met', asked.filter(({ passed }) => passed).map(oneLine), paint),
    ...section('not met, and not asked', unasked.map(oneLine), paint),
    ...section(
      'who signed so far',
      approvals.map(
        ({ act, name, role, because }) =>
          [
            act,
            printable(`${name} (${role})${because === null ? '' : `, does not count: ${because}`}`),
          ] as const,
      ),
      paint,
    ),
    ...(emergency === null
      ? []
      : section(
          'emergency',
          [
            [
              emergency.state,
              printable(
                `${emergency.incident}, ${emergency.because}; until ${emergency.until}, to be reviewed by ${emergency.reviewBy}`,
              ),
            ],
          ],
          paint,
        )),
  ]
}

type Pair = readonly [string, string]

function section(title: string, pairs: readonly Pair[], paint: Paint): readonly string[] {
  if (pairs.length === 0) return []
  return ['', paint('bold', title), ...pairLines(pairs, { paint, indent: '  ' })]
}

function oneLine({ check, detail }: Check): Pair {
  return [check, printable(detail)]
}

function failedLines({ check, detail, remedy }: Check): readonly Pair[] {
  return [
    [check, printable(detail)],
    ['', printable(`what to do: ${remedy}`)],
  ]
}
