// SPDX-License-Identifier: Apache-2.0
import { qualificationLine } from '#format/admin/operations/qualification.ts'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { broken, exit } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import type { Colour } from '../terminal/paint.ts'
import { begin, isJson, type Verb } from './verb.ts'

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
