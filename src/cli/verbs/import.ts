// SPDX-License-Identifier: Apache-2.0
import { importLine } from '#format/admin/operations/devices.ts'
import { openFile } from '../files.ts'
import { type ExitStatus, exit } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

/** Sends a file row by row and tells what became of it; a refused row makes the command end with 1. */
export const importFile: Verb = async (call) => {
  const path = call.said.text('file') ?? '-'
  const { server, name, input } = await begin(call)
  const file =
    path === '-'
      ? { bytes: undefined, chunks: call.terminal.input() }
      : await openFile(path, 'FILE')
  const progress = call.terminal.progress('sending …')
  try {
    let status: ExitStatus = exit.broken
    for await (const text of linesOf(await server.stream(name, input, file.chunks))) {
      const line = importLine.parse(JSON.parse(text))
      if (isJson(call)) await call.terminal.line(text)
      if (line.kind === 'progress') progress.update(progressText(line, file.bytes))
      else status = tell(call, line, status)
    }
    return status
  } finally {
    progress.end()
  }
}

type Line = ReturnType<typeof importLine.parse>

function progressText(
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
  all: number | undefined,
): string {
  const share = all === undefined || all === 0 ? '' : `${bar(bytes / all)}  `
  return `${share}${rows.toLocaleString('en')} rows`
}

function tell(
  call: Call,
  line: Exclude<Line, { kind: 'progress' }>,
  before: ExitStatus,
): ExitStatus {
  const { terminal } = call
  switch (line.kind) {
    case 'refused':
      terminal.error(`row ${line.row}: ${line.detail} (${line.reason})`)
      return before
    case 'stopped':
      terminal.error(`stopped at row ${line.row}: ${line.detail} (${line.reason})`)
      terminal.note(countText(line))
      return exit.refused
    case 'done':
      if (!isJson(call)) terminal.note(countText(line))
      return line.refused === 0 ? exit.done : exit.refused
  }
}

interface Count {
  readonly added: number
  readonly unchanged: number
  readonly refused: number
}

function countText({ added, unchanged, refused }: Count): string {
  const number = (count: number) => count.toLocaleString('en')
  return `${number(added)} added, ${number(unchanged)} here already, ${number(refused)} refused`
}
