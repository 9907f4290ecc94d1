// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { pairLines } from '../show/record.ts'
import { printable, valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Paint } from '../terminal/paint.ts'
import { begin, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

type Progress = Answer<'rotation.show'>
type Step = Progress['steps'][number]

/** How far one signing key has followed another; what changes a rotation shows the same. */
export const showRotation: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const answer = await server.askAny(name, input)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    const progress = answer as Progress
    await writeLines(
      call,
      rotationLines(
        progress,
        String(names.in('product', progress.product)),
        tableOptions(call).paint,
      ),
    )
  }
  return exit.done
}

const marks = { done: '✓', skipped: '–', waits: '·' } as const satisfies Record<
  Step['state'],
  string
>

/** A rotation as people read it: where it stands, what devices say, what is to be done next. */
export function rotationLines(
  progress: Progress,
  product: string,
  paint: Paint,
): readonly string[] {
  const { from, to, state, because, warnings, next, steps } = progress
  return [
    paint('bold', printable(`${from} → ${to} of ${product}: ${state}`)),
    ...pairLines(
      [
        ['rotation', progress.id],
        ['forms', progress.forms.join(', ')],
        ['because', printable(because)],
        ['brought by', progress.carrier ?? 'no release yet'],
        ['begun', valueText(progress.begunAt)],
        ...(progress.endedAt === null ? [] : [['ended', valueText(progress.endedAt)] as const]),
      ],
      { paint, indent: '  ' },
    ),
    '',
    paint('bold', 'steps'),
    ...pairLines(
      steps.map((step) => [`${marks[step.state]} ${step.name}`, printable(step.detail)] as const),
      { paint, indent: '  ' },
    ),
    '',
    paint('bold', 'devices that believe the new key'),
    ...adoptionLines(progress).map((line) => `  ${printable(line)}`),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((one) => printable(`note: ${one}`))]),
    ...(next === null ? [] : ['', printable(`next: ${next}`)]),
  ]
}

function adoptionLines({
  adoption,
  thresholdPercent,
  silentDays,
  mostSilentPercent,
}: Progress): readonly string[] {
  const { inService, heard, adopted, silent, firstLagging, firstSilent } = adoption
  const named = (first: readonly string[]) => (first.length === 0 ? '' : ` (${first.join(', ')} …)`)
  return [
    `${adopted} of ${heard} that were heard of; ${thresholdPercent} in a hundred are asked${named(firstLagging)}`,
    `${silent} of ${inService} in service said nothing for ${silentDays} days; at most ${mostSilentPercent} in a hundred may${named(firstSilent)}`,
  ]
}
