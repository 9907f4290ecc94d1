// SPDX-License-Identifier: Apache-2.0
/** Frozen text of test/vectors/tlog: `source`, `made-with`, `expect`, a blank line, lines of payload. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const headLines = ['source', 'made-with', 'expect']

/** The payload; each head line stands once and in its order, or it is an error. */
export function readTlogVector(name: string): string {
  const text = readFileSync(join(import.meta.dirname, 'vectors/tlog', name), 'utf8')
  const end = text.indexOf('\n\n')
  const head = text
    .slice(0, end)
    .split('\n')
    .map((line) => line.split(': ')[0])
  if (head.join() !== headLines.join()) throw new Error(`${name}: unknown head ${head.join()}`)
  return text.slice(end + 2)
}

/** The payload's lines, cut at spaces. */
export function readTlogRows(name: string): readonly (readonly string[])[] {
  return readTlogVector(name)
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '))
}
