// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { uploadFile } from './artefact-upload.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Attaches octets to a release; from a file they are uploaded first. */
export const attachPart: Verb = async (call) => {
  const { server, input } = await begin(call)
  const path = call.said.text('file')
  if ((path === undefined) === (input['sha256'] === undefined))
    throw wrongUse('say either --file or --sha256', 'what is to be attached?')
  if (path === undefined && input['name'] === undefined)
    throw wrongUse('--sha256 needs --name', 'what is it called?')
  const name = input['name'] ?? basename(path ?? '')
  const sha256 =
    input['sha256'] ?? (await uploadFile(path ?? '', String(name), call, server)).sha256
  const part = await server.ask('release.attach', { ...input, name, sha256 })
  if (isJson(call)) await call.terminal.write(jsonText(part))
  else {
    const facts = Object.entries(part.facts).filter(([, value]) => typeof value !== 'object')
    const told = facts.map(([fact, value]) => `${fact} ${value}`).join(', ')
    await call.terminal.line(
      `${part.id}  ${part.role} ${part.name}${told === '' ? '' : `: ${told}`}`,
    )
  }
  return exit.done
}
