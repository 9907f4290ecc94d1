// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { exit } from '../stop.ts'
import { showRecord } from './plain.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Says whether a certificate is to be believed; a script hears it by the exit status. */
export const verifyCertificate: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('certificate.verify', input as never)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    const known = Object.entries(answer).filter(([, value]) => value !== null)
    await showRecord(call, Object.fromEntries(known), names)
  }
  return answer.trusted ? exit.done : exit.refused
}
