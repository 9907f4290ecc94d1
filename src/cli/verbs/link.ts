// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { browserAddress } from '../show/address.ts'
import { jsonText } from '../show/json.ts'
import { valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import { begin, isJson, type Verb } from './verb.ts'

const link = z.object({ path: z.string(), expiresAt: z.string() })
/** The link itself, or one beside the person who is invited. */
const linkAnswer = z.union([z.object({ link }).transform((answer) => answer.link), link])

/** Shows a link that is shown this once, as an address to open. */
export const showLink: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const answer = await server.askAny(name, input)
  if (isJson(call)) {
    await call.terminal.write(jsonText(answer))
    return exit.done
  }
  const { path, expiresAt } = linkAnswer.parse(answer)
  const { addresses } = await server.ask('status')
  await call.terminal.line(`${browserAddress(addresses.operators)}${path}`)
  call.terminal.note(`shown this once; good once, until ${valueText(expiresAt)}`)
  return exit.done
}
