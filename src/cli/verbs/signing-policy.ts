// SPDX-License-Identifier: Apache-2.0
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

type Shown = Answer<'signing-policy.show'>
type Policy = Answer<'signing-policy.set'>

/** What releases need before they are signed, in lines; with --output the document alone, ready to edit. */
export const showPolicy: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('signing-policy.show', input)
  const output = call.said.text('output')
  if (output !== undefined) {
    await writeFile(output, [`${JSON.stringify(answer.document, null, 2)}\n`])
    call.terminal.note(`written to ${output}`)
  } else if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, policyLines(answer, String(call.said.value('product') ?? '')))
  return exit.done
}

/** Says what a change of the policy came to. */
export const setPolicy: Verb = async (call) => {
  const { server, input } = await begin(call)
  await tell(call, await server.ask('signing-policy.set', input))
  return exit.done
}

async function tell(call: Call, policy: Policy): Promise<void> {
  const { id, number, state, lowered, approvalsMissing } = policy
  if (isJson(call)) await call.terminal.write(jsonText(policy))
  else
    await writeLines(call, [
      state === 'waiting'
        ? `${id} waits: policy ${number} asks less, and ${missingWords(approvalsMissing)}`
        : `policy ${number} is in force`,
      ...lowered.map((line) => `  ${line}`),
    ])
  if (state === 'waiting') call.terminal.hint(`vitalsign signing-policy approve ${id} --name NAME`)
  else if (lowered.length > 0)
    call.terminal.hint('it asks less than before, which stands as an exception in the evidence')
}

function missingWords(missing: number): string {
  return missing === 1 ? 'another person has to agree' : `${missing} people have to agree`
}

function policyLines({ number, document, policy, waiting }: Shown, product: string) {
  const head =
    policy === null
      ? `${product}: the usual rules, since nobody set a policy`
      : `${product}: policy ${number}, since ${policy.changedAt} (${policy.because})`
  return [
    head,
    ...['trial', 'test', 'production'].flatMap((environment) => [
      '',
      environment,
      ...demandLines(document[environment], '  '),
    ]),
    ...waiting.flatMap(({ id, number: next, approvalsMissing, lowered }) => [
      '',
      `policy ${next} waits (${id}): ${missingWords(approvalsMissing)}`,
      ...lowered.map((line) => `  ${line}`),
    ]),
  ]
}

/** The members of a demand, a line each, whatever it holds. */
function demandLines(value: unknown, indent: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => {
    if (Array.isArray(one))
      return [`${indent}${name}: ${one.map((item) => shortText(item)).join(', ')}`]
    if (typeof one === 'object' && one !== null) {
      const lines = demandLines(one, `${indent}  `)
      return [`${indent}${name}${lines.length === 0 ? ': yes' : ''}`, ...lines]
    }
    return [`${indent}${name}: ${shortText(one)}`]
  })
}

function shortText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.values(value).join(' ')
}
