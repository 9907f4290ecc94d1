// SPDX-License-Identifier: Apache-2.0
import { showArtefact } from '#trust/artefact/show-artefact.ts'
import { formOf, withFiles } from '../firmware/open-artefact.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { anatomyDocument, anatomyLines } from '../show/anatomy.ts'
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import { isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Shows what a file is made of; no signature of it is checked. */
export const inspectFirmware: Verb = (call) =>
  withFiles(async (files) => {
    const source = await files.open(call.said.text('file') ?? '', 'FILE')
    const form = await formOf(call, source)
    const anatomy = await showArtefact(form, source)
    if ('reason' in anatomy) throw stopFor(anatomy)
    if (isJson(call)) await call.terminal.write(jsonText(anatomyDocument(form.name, anatomy)))
    else await writeLines(call, anatomyLines(anatomy, tableOptions(call)))
    return exit.done
  })
