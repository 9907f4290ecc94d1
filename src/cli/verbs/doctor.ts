// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Colour } from '../terminal/paint.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

const signs = {
  good: ['✓', 'green'],
  warning: ['!', 'yellow'],
  bad: ['✗', 'red'],
} as const satisfies Record<string, readonly [string, Colour]>

/** A checklist; ends with 1 if something is bad. */
export const doctor: Verb = async (call) => {
  const peer = call.said.text('tls')
  if (peer !== undefined) return (await import('./doctor-tls.ts')).doctorTls(call, peer)
  for (const name of ['roots', 'serverName'] as const)
    if (call.said.text(name) !== undefined)
      throw wrongUse(`--${name === 'roots' ? name : 'server-name'} says nothing without --tls`)
  const { server, input } = await begin(call)
  const answer = await call.terminal.waiting('looking …', server.ask('doctor', input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, linesOf(call, answer))
  return answer.good ? exit.done : exit.refused
}

function linesOf({ terminal }: Call, { good, findings }: Answer<'doctor'>): readonly string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length))
  const count = (verdict: keyof typeof signs) =>
    findings.filter((finding) => finding.verdict === verdict).length
  const lines = findings.flatMap(({ check, verdict, found, remedy }) => {
    const [sign, colour] = signs[verdict]
    const line = `  ${terminal.paint(colour, sign)} ${check.padEnd(width)}  ${found}`
    return remedy === null ? [line] : [line, `    ${' '.repeat(width)}  → ${remedy}`]
  })
  const summary = `${count('good')} good, ${count('warning')} to care for, ${count('bad')} bad`
  return [...lines, '', terminal.paint(good ? 'green' : 'red', summary)]
}
