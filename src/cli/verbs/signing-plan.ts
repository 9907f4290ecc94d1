// SPDX-License-Identifier: Apache-2.0
import { quoted } from '#format/release/manifest-signing.ts'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable, valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

type Plan = Answer<'signing-plan.show'>

/** How artefacts of a product are signed; with --output the plan alone, ready to edit and apply. */
export const showPlan: Verb = async (call) => {
  const { server, input } = await begin(call)
  const plan = await server.ask('signing-plan.show', input)
  const output = call.said.text('output')
  if (output !== undefined) {
    await writeFile(output, [`${JSON.stringify({ lines: plan.lines }, null, 2)}\n`])
    call.terminal.note(`written to ${output}`)
  } else await tell(call, plan)
  return exit.done
}

/** Says what counts from now on. */
export const applyPlan: Verb = async (call) => {
  const { server, input } = await begin(call)
  await tell(call, await server.ask('signing-plan.apply', input))
  call.terminal.note(
    'it counts for what is submitted from now on; people approve it with a release',
  )
  return exit.done
}

async function tell(call: Call, plan: Plan): Promise<void> {
  if (isJson(call)) await call.terminal.write(jsonText(plan))
  else await writeLines(call, planLines(plan, String(call.said.value('product') ?? plan.product)))
}

/** A plan as people read it, in the words in which a release is shown that is signed by it. */
export function planLines({ number, lines, changedAt }: Plan, product: string): readonly string[] {
  if (number === 0)
    return [
      `${product}: no plan, since nobody wrote one; "release sign" uses every key in the forms that it signs in`,
    ]
  return [
    `${product}: plan ${number}, since ${valueText(changedAt)}`,
    ...lines.map((line, at) => printable(`  ${at + 1}  ${lineWords(line)}`)),
  ]
}

function lineWords(line: Plan['lines'][number]): string {
  const { form, artefacts, of, keys, options, ...others } = line
  const source = typeof of === 'string' ? [of] : textsOf(artefacts)
  const by = textsOf(keys)
  const choices = { ...(typeof options === 'object' ? options : {}), ...others }
  return [
    `${String(form)} of ${source.length > 0 ? source.map(quoted).join(' ') : 'what is of this form'}`,
    `by ${by.length > 0 ? by.map(quoted).join(' ') : 'every key that signs in it'}`,
    ...Object.entries(choices).map(
      ([what, value]) => `${what} ${textsOf(value).map(quoted).join(',')}`,
    ),
  ].join(' ')
}

/** What a plan holds is JSON that was checked when it was applied. */
function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map(String) : [String(value)]
}
