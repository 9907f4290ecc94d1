// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { recordLines } from '../show/record.ts'
import { isRow } from '../show/rows.ts'
import { exit } from '../stop.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Asks, and shows the one thing that is answered. */
export const plain: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const answer = await call.terminal.waiting(`${call.command.name} …`, server.askAny(name, input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    await showRecord(call, answer, names)
  }
  return exit.done
}

export async function showRecord(call: Call, answer: unknown, names: Names): Promise<void> {
  await writeLines(
    call,
    recordLines(isRow(answer) ? answer : { answer }, names, tableOptions(call)),
  )
}
