// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { digestSource } from '#trust/artefact/read-source.ts'
import { withFiles } from '../firmware/open-artefact.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { uploadFile } from './artefact-upload.ts'
import { tellNext } from './plain.ts'
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
  const brought =
    path === undefined
      ? {}
      : call.said.has('digestOnly')
        ? await digestOf(path)
        : { sha256: (await uploadFile(path, String(name), call, server)).sha256 }
  const part = await server.ask('release.attach', { ...input, name, ...brought })
  if (isJson(call)) await call.terminal.write(jsonText(part))
  else {
    const facts = Object.entries(part.facts).filter(([, value]) => typeof value !== 'object')
    const told = facts.map(([fact, value]) => `${fact} ${value}`).join(', ')
    await call.terminal.line(
      `${part.id}  ${part.role} ${part.name}${told === '' ? '' : `: ${told}`}`,
    )
    tellNext(call, 'release.attach', part, input)
  }
  return exit.done
}

/** The file is read here, and stays here. @throws Stop */
function digestOf(path: string) {
  return withFiles(async (files) => {
    const { octets, sha256 } = await digestSource(await files.open(path, '--file'))
    return { octets, sha256: sha256.toHex() }
  })
}
