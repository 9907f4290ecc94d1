// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod'
import { releaseScanLine } from '#format/admin/operations/releases.ts'
import { scanLine } from '#format/admin/operations/scans.ts'
import { openFile } from '../files.ts'
import { printable } from '../show/value.ts'
import { type ExitStatus, exit, Stop } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

/** Sends an image and tells what the server found in it; ends with 1 unless it is clean. */
export const sendImage: Verb = async (call) => {
  const path = call.said.text('file') ?? '-'
  const { server, name, input } = await begin(call)
  const progress = call.terminal.progress('sending …')
  const source = path === '-' ? { bytes: 0, chunks: call.terminal.input() } : openFile(path, 'FILE')
  let sent = 0
  const counted = async function* () {
    for await (const chunk of source.chunks) {
      sent += chunk.length
      if (source.bytes > 0) progress.update(`${bar(sent / source.bytes)}  sent`)
      yield chunk
    }
  }
  try {
    let status: ExitStatus = exit.broken
    for await (const text of linesOf(await server.stream(name, input, counted()))) {
      const line = scanLine.parse(JSON.parse(text))
      if (line.kind === 'refused') throw refusedBy(line)
      if (isJson(call)) await call.terminal.line(text)
      else await tell(call, line)
      if (line.kind === 'received') progress.update('scanning …')
      if (line.kind === 'done') status = line.result === 'clean' ? exit.done : exit.refused
    }
    return status
  } finally {
    progress.end()
  }
}

/** Has the server scan what a release has; ends with 1 unless all of it is clean. */
export const scanRelease: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const progress = call.terminal.progress('scanning …')
  try {
    let status: ExitStatus = exit.done
    for await (const text of linesOf(await server.stream(name, input))) {
      const line = releaseScanLine.parse(JSON.parse(text))
      if (line.kind === 'refused') throw refusedBy(line)
      if (line.kind === 'artefact') progress.update(`scanning ${printable(line.name)} …`)
      if (isJson(call)) await call.terminal.line(text)
      else if (line.kind !== 'artefact') await tell(call, line)
      else await call.terminal.line(printable(`${line.name}  ${line.sha256}`))
      if (line.kind === 'done' && line.result !== 'clean') status = exit.refused
    }
    return status
  } finally {
    progress.end()
  }
}

/** Why a scan came to no end. */
export function refusedBy({
  reason,
  detail,
}: {
  readonly reason: string
  readonly detail: string
}) {
  return new Stop(exit.refused, detail, { code: reason })
}

/** One line of a scan, for people. */
export async function tell({ terminal }: Call, line: z.output<typeof scanLine>): Promise<void> {
  switch (line.kind) {
    case 'finding': {
      const place = line.offset === null ? '' : `, at ${line.offset}`
      const where = line.path.join('!/')
      return terminal.line(
        printable(`${line.severity.padEnd(8)}  ${line.rule}: ${line.what}${place}, in ${where}`),
      )
    }
    case 'not-scanned':
      return terminal.line(printable(`not scanned: ${line.path.join('!/')}: ${line.because}`))
    case 'done':
      await terminal.line(
        `${line.result}: ${line.found} found, ${line.notScanned} not scanned; recorded as ${line.scan}`,
      )
      if (line.found > 0) terminal.hint(`vitalsign scan show ${line.scan} says what to do`)
      return
    default:
      return undefined
  }
}
