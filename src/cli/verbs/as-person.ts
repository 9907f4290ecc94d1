// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { exit } from '../stop.ts'
import { showRecord } from './plain.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Asks as somebody who proves to be here by the passphrase of an account, and shows the one thing that is answered. */
export const askAsPerson: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const { terminal } = call
  const passphrase =
    input['name'] === undefined
      ? undefined
      : await terminal.secret(`the passphrase of ${input['name']}`)
  const asked = { ...input, ...(passphrase !== undefined && { passphrase }) }
  const answer = await terminal.waiting(`${call.command.name} …`, server.askAny(name, asked))
  if (isJson(call)) await terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    await showRecord(call, answer, names)
  }
  return exit.done
}
