// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { deliver } from './export.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Writes what bootloaders and updaters are given so that they believe signing keys. */
export const exportAnchors: Verb = async (call) => {
  const { said, terminal } = call
  const { server, input } = await begin(call)
  const anchors = await server.ask('signing-key.export-anchors', input)
  if (isJson(call)) {
    await deliver(call, [jsonText(anchors)])
    return exit.done
  }
  const [only, ...more] = anchors.files
  if (only !== undefined && more.length === 0)
    await deliver(call, [Uint8Array.fromBase64(only.content)])
  else {
    const directory = said.text('output')
    if (directory === undefined || directory === '-')
      throw wrongUse(
        `there are ${anchors.files.length} files: ${anchors.files.map(({ name }) => name).join(', ')}`,
        'name a directory for them: --output DIR',
      )
    mkdirSync(directory, { recursive: true })
    for (const { name, content } of anchors.files) {
      const path = join(directory, basename(name))
      await writeFile(path, [Uint8Array.fromBase64(content)])
      terminal.note(`written to ${path}`)
    }
  }
  for (const note of anchors.notes) terminal.note(note)
  return exit.done
}
