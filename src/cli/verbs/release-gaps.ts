// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { exportLines } from './export.ts'
import { begin, isJson, type Verb } from './verb.ts'

const gapLine = z.object({
  sbom: z.string(),
  component: z.string().nullable(),
  componentVersion: z.string().nullable(),
  missing: z.array(z.string()),
})

/** What lists of components leave out: a line each for people, and as it comes for programs and files. */
export const showGaps: Verb = async (call) => {
  if (isJson(call) || call.said.text('output') !== undefined) return exportLines(call)
  const { server, name, input } = await begin(call)
  let gaps = 0
  for await (const text of linesOf(await server.stream(name, input))) {
    const { sbom, component, componentVersion, missing } = gapLine.parse(JSON.parse(text))
    const whose =
      component === null
        ? 'the list itself'
        : [component, componentVersion].filter(Boolean).join(' ')
    await call.terminal.line(printable(`${sbom}  ${whose}: no ${missing.join(', no ')}`))
    gaps++
  }
  if (gaps > 0) return exit.done
  const { parts } = await server.ask('release.show', { release: input['release'] })
  const lists = parts.filter(({ role }) => role === 'sbom').length
  call.terminal.note(
    lists === 0
      ? 'it has no list of components: vitalsign release attach RELEASE --role sbom --file FILE'
      : 'nothing is left out',
  )
  return exit.done
}
