// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { findingCodes } from '#trust/tlog/export/findings.ts'
import { type Verification, verifyExport } from '#trust/tlog/verify-export.ts'
import { openFile, readTextFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { printable } from '../show/value.ts'
import { exit, wrongUse } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** With a file: verifies it here, believing no server. Without: asks the server to verify itself. */
export const verifyLog: Verb = async (call) => {
  const path = call.said.text('file')
  return path === undefined ? askServer(call) : verifyFile(call, path)
}

async function askServer(call: Call) {
  const { server, input } = await begin(call)
  const answer = await call.terminal.waiting('verifying …', server.ask('log.verify', input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, serverLines(call, answer))
  return answer.good ? exit.done : exit.refused
}

function serverLines(call: Call, { good, size, rootSha256, findings }: Answer<'log.verify'>) {
  return [
    headLine(call, good, 'the log and the ledger agree', findings.length),
    ...pairLines(
      [
        ['events', String(size)],
        ['tree', `SHA-256 ${rootSha256}`],
      ],
      indented(call),
    ),
    ...findings.map(({ finding }) => `  ${printable(finding)}`),
  ]
}

async function verifyFile(call: Call, path: string) {
  const [since, key] = [call.said.text('since'), call.said.text('key')]
  const options = {
    ...(since === undefined ? {} : { since: readTextFile(since, '--since') }),
    ...(key === undefined ? {} : { key: readTextFile(key, '--key').trim() }),
  }
  const verified = await verifyExport(await chunksOf(call, path), options).catch(readingFault)
  if (isJson(call)) await call.terminal.write(jsonText(jsonOf(verified)))
  else await writeLines(call, fileLines(call, verified))
  return verified.intact ? exit.done : exit.refused
}

/** The file as it is read, with its share shown once it takes long. */
async function chunksOf(call: Call, path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return call.terminal.input()
  const { bytes, chunks } = openFile(path, 'FILE')
  const progress = call.terminal.progress('verifying …')
  return (async function* () {
    let read = 0
    try {
      for await (const chunk of chunks) {
        read += chunk.length
        progress.update(`${bar(read / bytes)}  verifying`)
        yield chunk
      }
    } finally {
      progress.end()
    }
  })()
}

/** Of what is thrown only wrong --since and --key files are expected: all else is a finding. */
function readingFault(cause: unknown): never {
  if (cause instanceof FormatError) {
    throw wrongUse(`--since or --key: ${cause.message}`, 'give the files as they were kept')
  }
  throw cause
}

function fileLines(call: Call, verified: Verification): readonly string[] {
  const { intact, checkpoint, key, events, erasedEvents, records, findings, wrong } = verified
  const pairs: (readonly [string, string])[] = [
    ['events', erasedEvents === 0 ? String(events) : `${events}, ${erasedEvents} of them erased`],
    ['records', String(records)],
  ]
  if (checkpoint !== undefined) {
    pairs.push(['tree', `${checkpoint.size} leaves, SHA-256 ${checkpoint.root.toHex()}`])
  }
  if (key !== undefined) pairs.push(['signed by', printable(key)])
  return [
    headLine(call, intact, 'the log is intact, and the ledger agrees with it', wrong),
    ...pairLines(pairs, indented(call)),
    ...findings.map(
      ({ severity, about, code, detail }) =>
        `  ${call.terminal.paint(severity === 'wrong' ? 'red' : 'yellow', severity)}: ${printable(
          `${about}: ${findingCodes[code]} (${detail})`,
        )}`,
    ),
  ]
}

function headLine({ terminal }: Call, isGood: boolean, good: string, wrong: number): string {
  if (isGood) return `${terminal.paint('green', '✓')} ${good}`
  return `${terminal.paint('red', '✗')} this is not the log that was signed: ${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong`
}

function indented(call: Call) {
  return { ...tableOptions(call), indent: '  ' }
}

function jsonOf({ checkpoint, ...rest }: Verification) {
  return {
    ...rest,
    checkpoint:
      checkpoint === undefined
        ? null
        : { size: checkpoint.size, rootSha256: checkpoint.root.toHex() },
  }
}
