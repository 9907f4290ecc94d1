// SPDX-License-Identifier: Apache-2.0

import { signLine } from '#format/admin/operations/signing.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import { jsonText } from '../show/json.ts'
import { broken, exit, Stop } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { bar } from '../terminal/progress.ts'
import { begin, isJson, type Verb, writeLines } from './verb.ts'

/** Signs a release, and shows what came out. */
export const signRelease: Verb = async (call) => {
  const { terminal } = call
  const { server, name, input } = await begin(call)
  const progress = terminal.progress('looking at policy and approvals …')
  try {
    for await (const text of linesOf(await server.stream(name, input))) {
      const line = signLine.parse(JSON.parse(text))
      if (line.kind === 'refused') throw new Stop(exit.refused, line.detail, { code: line.reason })
      if (line.kind === 'progress') {
        const { step, done, of } = line
        progress.update(`${bar(of === 0 ? 1 : done / of)}  ${step} ${line.name}`)
        continue
      }
      progress.end()
      const { kind: _, ...signed } = line
      if (isJson(call)) await terminal.write(jsonText(signed))
      else {
        await writeLines(call, [
          signed.isRepeated
            ? `${signed.release} was signed already:`
            : `${signed.release} is ${signed.state}:`,
          ...signed.signed.map(
            (one) =>
              `  ${one.form}  ${one.name}  ${one.octets} octets  ${one.sha256}  ${one.keyNames.join(', ')}`,
          ),
        ])
        const [first] = signed.signed
        if (first !== undefined)
          terminal.hint(
            `vitalsign release download ${signed.release} ${shellWord(first.name)} --output ${shellWord(first.name)}; "vitalsign release publish ${signed.release}" gives it to devices`,
          )
      }
      return exit.done
    }
  } finally {
    progress.end()
  }
  throw broken('the server ended without a result', "the server's log says why")
}
