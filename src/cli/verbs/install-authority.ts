// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { exit } from '../stop.ts'
import { deliver } from './export.ts'
import { showRecord } from './plain.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Gives the request as the file that somebody else signs, and says what comes next. */
export const requestAuthority: Verb = async (call) => {
  const { server, input } = await begin(call)
  const asked = server.ask('authority.request', input)
  const answer = await call.terminal.waiting('making the key …', asked)
  await deliver(call, [isJson(call) ? jsonText(answer) : answer.pem])
  call.terminal.note(`key ${answer.algorithm}, kept in ${answer.custody ?? 'file'}`)
  call.terminal.note(`request SHA-256 ${answer.requestSha256}`)
  call.terminal.hint(
    `once it is signed: vitalsign authority install ${shellWord(answer.name)} CHAIN, with its certificate and those above it`,
  )
  return exit.done
}

/** Takes what came back, and shows what it made. */
export const installAuthority: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await call.terminal.waiting('checking …', server.ask('authority.install', input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    await showRecord(call, answer.authority, names)
    const { name, certificateSha256, keyWasHere } = answer.root
    call.terminal.note(`its root is ${name}, SHA-256 ${certificateSha256}`)
    if (keyWasHere)
      call.terminal.note('the key of this root was on a server once, and is marked so')
    call.terminal.hint(
      `bring the list of its root, and every later one: vitalsign authority crl ${shellWord(name)} FILE`,
    )
  }
  return exit.done
}
