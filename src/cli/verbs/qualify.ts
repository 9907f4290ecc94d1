// SPDX-License-Identifier: Apache-2.0
import { qualificationFile, qualificationLine } from '#format/admin/operations/qualification.ts'
import { FormatError } from '#format/format-error.ts'
import { checkQualification } from '#trust/qualification-note.ts'
import { readNoteKey } from '#trust/tlog/note.ts'
import { readTextFile, writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { broken, exit, wrongUse } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import type { Colour } from '../terminal/paint.ts'
import { plain } from './plain.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

const signs = {
  passed: ['✓', 'green'],
  noted: ['·', 'dim'],
  failed: ['✗', 'red'],
} as const satisfies Record<string, readonly [string, Colour]>

/** Shows each step as it ends, and writes the signed result; ends with 1 if something failed. */
export const qualify: Verb = async (call) => {
  const { terminal, said } = call
  const { server, name, input } = await begin(call)
  const path = said.text('output')
  for await (const text of linesOf(await server.stream(name, input))) {
    const line = qualificationLine.parse(JSON.parse(text))
    if (line.kind === 'step') {
      const { title, expected, observed, verdict } = line.step
      const [sign, colour] = signs[verdict]
      terminal.note(`  ${terminal.paint(colour, sign)} ${title}: ${observed}`)
      if (verdict === 'failed') terminal.note(`    expected: ${expected}`)
      continue
    }
    const { result } = line.file
    terminal.note('')
    terminal.note(`${result.passed} passed, ${result.failed} failed, ${result.noted} noted`)
    if (path !== undefined) {
      await writeFile(path, [jsonText(line.file)])
      terminal.note(`written to ${path}, signed with the key of the log`)
    } else if (isJson(call)) await terminal.write(jsonText(line.file))
    else terminal.hint('--output FILE keeps the signed result')
    return result.failed === 0 ? exit.done : exit.refused
  }
  throw broken('the server ended without a result', "the server's log says why")
}

/** With a key: checks the file here, believing no server. Without: asks the server whether it signed it. */
export const checkResult: Verb = async (call) => {
  const key = call.said.text('logKey')
  return key === undefined ? plain(call) : checkFile(call, key)
}

async function checkFile({ said, terminal }: Call, keyPath: string) {
  const file = fileIn(readTextFile(said.text('file') ?? '', 'FILE'))
  const checked = checkQualification(file, keyIn(readTextFile(keyPath, '--log-key')))
  if (checked.kind === 'refused') {
    terminal.error(`${checked.detail} (${checked.reason})`)
    return exit.refused
  }
  const { kind, installation, endedAt, passed, failed, noted } = file.result
  const line = `${kind} of ${installation}, ended ${endedAt}: ${passed} passed, ${failed} failed, ${noted} noted`
  await terminal.line(`${terminal.paint('green', '✓')} this key signed it: ${line}`)
  return exit.done
}

/** @throws Stop if it is none */
function fileIn(text: string) {
  const { data } = qualificationFile.safeParse(jsonIn(text))
  if (data !== undefined) return data
  throw wrongUse('FILE is no qualification result', 'give the file as --output wrote it')
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @throws Stop if it is none */
function keyIn(text: string) {
  try {
    return readNoteKey(text.trim())
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(
      `--log-key: ${error.message}`,
      'give the line that "log verify FILE" calls signed by',
    )
  }
}
