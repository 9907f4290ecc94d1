// SPDX-License-Identifier: Apache-2.0
/** Frozen bytes with a head: `source`, `made-with`, `expect`, maybe more lines, a blank line, PEM blocks. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PemBlock, parsePem } from '#format/pem.ts'

export interface Vector {
  readonly name: string
  readonly expect: string
  readonly head: ReadonlyMap<string, string>
  readonly blocks: readonly PemBlock[]
}

const knownLines = new Set(['source', 'made-with', 'expect', 'algorithm', 'message'])

/** Every vector of a folder under `test/vectors`; an unknown head line is an error. */
export function readVectors(folder: string): readonly Vector[] {
  const directory = join(import.meta.dirname, 'vectors', folder)
  return readdirSync(directory)
    .sort()
    .map((name) => parseVector(name, readFileSync(join(directory, name), 'utf8')))
}

function parseVector(name: string, text: string): Vector {
  const end = text.indexOf('\n\n')
  const head = new Map<string, string>()
  for (const line of text.slice(0, end).split('\n')) {
    const [key = '', ...value] = line.split(': ')
    if (!knownLines.has(key)) throw new Error(`${name}: unknown head line ${line}`)
    head.set(key, value.join(': '))
  }
  for (const key of ['source', 'made-with', 'expect'])
    if (!head.has(key)) throw new Error(`${name}: no head line ${key}`)
  return { name, head, expect: head.get('expect') ?? '', blocks: parsePem(text.slice(end)) }
}
