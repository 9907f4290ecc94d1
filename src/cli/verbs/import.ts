// SPDX-License-Identifier: Apache-2.0
import { adoptionLine } from '#format/admin/operations/adoption.ts'
import { importLine } from '#format/admin/operations/devices.ts'
import { openFile } from '../files.ts'
import { isDirectory, issuedCsv, opensslDirectory } from '../openssl-directory.ts'
import { type ExitStatus, exit } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

/** What the rows tell, by operation: a row that was refused, how far it is, how it ended. */
const lines = { 'device.import': importLine, 'certificate.import': adoptionLine } as const

type Line = ReturnType<(typeof lines)[keyof typeof lines]['parse']>

/** Sends a file row by row and tells what became of it; a refused row makes the command end with 1. */
export const importFile: Verb = async (call) => {
  const path = call.said.text('file') ?? '-'
  const { server, name, input } = await begin(call)
  const schema = name === 'certificate.import' ? lines[name] : lines['device.import']
  const source = await sourceOf(call, path)
  const progress = call.terminal.progress('sending …')
  try {
    let status: ExitStatus = exit.broken
    for await (const text of linesOf(await server.stream(name, input, source.chunks))) {
      const line: Line = schema.parse(JSON.parse(text))
      if (isJson(call)) await call.terminal.line(text)
      if (line.kind === 'progress')
        progress.update(progressText(line.rows, source.share(line.bytes)))
      else status = tell(call, line, source, status)
    }
    return status
  } finally {
    progress.end()
  }
}

/** Where the rows come from, and how its own rows are counted. */
interface Source {
  readonly chunks: AsyncIterable<Uint8Array>
  /** The part, 0 to 1, that has been sent once the server has read so many bytes; undefined: unknown. */
  share(bytes: number): number | undefined
  /** What a row is called that has this number for the server. */
  rowName(row: number): string
}

/** @throws Stop if it cannot be read */
async function sourceOf(call: Call, path: string): Promise<Source> {
  const rowName = (row: number) => `row ${row}`
  if (path === '-') return { chunks: call.terminal.input(), share: () => undefined, rowName }
  if (call.command.operation === 'certificate.import' && isDirectory(path)) {
    const directory = opensslDirectory(path)
    const { bytes } = openFile(directory.index, 'DIR')
    const read = { bytes: 0 }
    return {
      chunks: issuedCsv(directory, read),
      share: () => read.bytes / Math.max(1, bytes),
      // The head that we write stands before the first line.
      rowName: (row) => `line ${row - 1} of index.txt`,
    }
  }
  const file = openFile(path, 'FILE')
  return { chunks: file.chunks, share: (bytes) => bytes / Math.max(1, file.bytes), rowName }
}

function progressText(rows: number, share: number | undefined): string {
  return `${share === undefined ? '' : `${bar(share)}  `}${rows.toLocaleString('en')} rows`
}

function tell(
  { terminal, said }: Call,
  line: Exclude<Line, { kind: 'progress' }>,
  { rowName }: Source,
  before: ExitStatus,
): ExitStatus {
  switch (line.kind) {
    case 'refused':
      terminal.error(`${rowName(line.row)}: ${line.detail} (${line.reason})`)
      return before
    case 'stopped':
      terminal.error(`stopped at ${rowName(line.row)}: ${line.detail} (${line.reason})`)
      terminal.note(countText(line))
      return exit.refused
    case 'done':
      if (!said.has('json')) terminal.note(countText(line))
      return line.refused === 0 ? exit.done : exit.refused
  }
}

/** How each count is called; what is nought is told only where one always asks. */
const countWords = {
  added: 'added',
  revoked: 'revoked',
  devices: 'devices new',
  unchanged: 'here already',
  expired: 'ended and passed over',
  refused: 'refused',
} as const
const alwaysTold = new Set(['added', 'unchanged', 'refused'])

function countText(counts: Partial<Record<keyof typeof countWords, number>>): string {
  return Object.entries(countWords)
    .map(([name, word]) => ({ name, word, count: counts[name as keyof typeof countWords] ?? 0 }))
    .filter(({ name, count }) => count > 0 || alwaysTold.has(name))
    .map(({ word, count }) => `${count.toLocaleString('en')} ${word}`)
    .join(', ')
}
