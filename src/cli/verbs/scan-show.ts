// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { pairLines } from '../show/record.ts'
import { printable, valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Paint } from '../terminal/paint.ts'
import { begin, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

type Scan = Answer<'scan.show'>
type Finding = Scan['findings'][number]

/** A scan that was noted, in the manner of a scan that was just made. */
export const showScan: Verb = async (call) => {
  const { server, input } = await begin(call)
  const scan = await server.ask('scan.show', input)
  if (isJson(call)) await call.terminal.write(jsonText(scan))
  else {
    const names = new Names(server)
    await names.learn(scan)
    const product = valueText(names.in('product', scan.product))
    await writeLines(call, scanLines(scan, product, tableOptions(call).paint))
  }
  return exit.done
}

/** What was found, what a baseline accepts and who answers for it, then what each rule means. */
export function scanLines(scan: Scan, product: string, paint: Paint): readonly string[] {
  const found = scan.findings.filter(({ acceptance }) => acceptance === undefined)
  const accepted = scan.findings.filter(({ acceptance }) => acceptance !== undefined)
  return [
    paint('bold', printable(`${scan.name}: ${scan.result}`)),
    ...pairLines(
      [
        ['scan', scan.id],
        ['of', `SHA-256 ${scan.sha256}, ${scan.octets} octets`],
        ['product', product],
        ['asked by', `${scan.requestedBy}, ${valueText(scan.endedAt)}, rules ${scan.rules}`],
        [
          'came to',
          `${scan.found} found, ${scan.accepted} accepted, ${scan.notScanned} not scanned`,
        ],
      ],
      { paint, indent: '  ' },
    ),
    ...section('found', found, scan.found, paint),
    ...section('accepted by a baseline', accepted, scan.accepted, paint),
    ...scan.meanings.flatMap(({ rule, why, todo }) => [
      '',
      paint('bold', rule),
      ...pairLines(
        [
          ['why', why],
          ['what to do', todo],
        ],
        { paint, indent: '  ' },
      ),
    ]),
  ]
}

function section(
  title: string,
  findings: readonly Finding[],
  of: number,
  paint: Paint,
): readonly string[] {
  if (of === 0) return []
  return [
    '',
    paint('bold', title),
    ...findings.flatMap(findingLines),
    ...(findings.length < of
      ? [`  of ${of} so many are noted one by one: ${findings.length}`]
      : []),
  ]
}

function findingLines({ severity, rule, what, offset, path, acceptance }: Finding) {
  const place = offset === null ? '' : `, at ${offset}`
  return [
    `  ${severity.padEnd(8)}  ${rule}: ${what}${place}`,
    `            in ${path.join('!/')}`,
    ...(acceptance === undefined
      ? []
      : [`            ${acceptance.because}, until ${acceptance.until}, by ${acceptance.by}`]),
  ].map(printable)
}
