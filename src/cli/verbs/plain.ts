// SPDX-License-Identifier: Apache-2.0
import type { OperationName } from '#format/admin/operations.ts'
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { nextStep } from '../show/next-step.ts'
import { recordLines } from '../show/record.ts'
import { isRow } from '../show/rows.ts'
import { exit } from '../stop.ts'
import type { Input } from '../talk/server.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Asks, and shows the one thing that is answered. */
export const plain: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const answer = await call.terminal.waiting(`${call.command.name} …`, server.askAny(name, input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    await showRecord(call, flattened(call, answer), names)
    tellNext(call, name, answer, input)
  }
  return exit.done
}

/** Says what is done next, where that is not plain. */
export function tellNext(call: Call, name: OperationName, answer: unknown, input: Input): void {
  const next = isRow(answer) ? nextStep(name, answer, input) : undefined
  if (next !== undefined) call.terminal.note(`next: ${next}`)
}

/** Where an answer is the thing itself with what belongs to it, the thing comes first, without a title. */
function flattened({ command }: Call, answer: unknown): unknown {
  if (!isRow(answer)) return answer
  const noun = command.name.split(' ', 1)[0] ?? ''
  const { [noun]: thing, ...belongings } = answer
  return isRow(thing) ? { ...thing, ...belongings } : answer
}

export async function showRecord(call: Call, answer: unknown, names: Names): Promise<void> {
  await writeLines(
    call,
    recordLines(isRow(answer) ? answer : { answer }, names, tableOptions(call)),
  )
}
