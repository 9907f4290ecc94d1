// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { sameBytes } from '#format/bytes.ts'
import { digestPieces } from '#trust/artefact/pieces.ts'
import type { Verdict } from '#trust/artefact/verdict.ts'
import { refuse } from '#trust/refusal.ts'
import { trustOf } from '../firmware/device-trust.ts'
import { besideOf, formOf, type OpenFiles, withFiles } from '../firmware/open-artefact.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { verdictDocument, verdictLines } from '../show/verdict.ts'
import { exit } from '../stop.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Does what a device does with a file. No server is asked. */
export const verifyFirmware: Verb = (call) =>
  withFiles(async (files) => {
    const { said, terminal, means } = call
    const path = said.text('file') ?? ''
    const trust = trustOf(said, means.now())
    const source = await files.open(path, 'FILE')
    const form = await formOf(call, source)
    const beside = await besideOf(call, form, files)
    const verdict = await terminal.waiting(
      `verifying ${basename(path)}`,
      form.verify(source, trust, beside),
    )
    if (verdict.kind === 'refused') throw stopFor(verdict)
    await checkCovered(call, verdict, files)
    if (isJson(call)) await terminal.write(jsonText(verdictDocument(form.name, verdict)))
    else {
      const mark = terminal.paint('green', '✓')
      await writeLines(call, [
        `${mark} ${printable(basename(path))} is genuine: ${form.title}`,
        ...verdictLines(verdict, tableOptions(call)),
      ])
    }
    return exit.done
  })

/** Holds the files of a directory against what a manifest says of them. @throws Stop */
async function checkCovered({ said }: Call, { covers }: Verdict, files: OpenFiles): Promise<void> {
  const directory = said.text('files')
  if (directory === undefined) return
  for (const { name, sha256 } of covers) {
    // A manifest is a stranger's: its names lead nowhere but into the directory.
    const path = join(directory, basename(name))
    if (name !== basename(name) || !existsSync(path))
      throw stopFor(refuse('artefact-digest-wrong', `${name} is not in ${directory}`))
    const source = await files.open(path, '--files')
    const found = await digestPieces('sha256', [{ source, from: 0, length: source.size }])
    if (!sameBytes(found, sha256))
      throw stopFor(
        refuse(
          'artefact-digest-wrong',
          `${name} has SHA-256 ${found.toHex()}, ${sha256.toHex()} was signed`,
        ),
      )
  }
}
