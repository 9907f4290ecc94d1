// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'

/** Frozen bytes: where they are from, how they were made, and what is to be said of them. */
export interface Vector {
  readonly name: string
  readonly source: string
  readonly madeWith: string
  /** `TARGET accepted`, or `TARGET refused CODE OFFSET`. */
  readonly expect: string
  readonly bytes: Uint8Array
}

const heads = ['source', 'made-with', 'expect'] as const

/**
 * Reads a vector: head lines, each once, in this order; an empty line; base64.
 *
 * An unknown head line is an error: somebody meant something by it.
 */
export function parseVector(name: string, text: string): Vector {
  const end = text.indexOf('\n\n')
  if (end === -1) throw new Error(`${name}: no empty line after the head`)
  const lines = text.slice(0, end).split('\n')
  const values = heads.map((head, index) => {
    const line = lines[index] ?? ''
    if (!line.startsWith(`${head}: `)) throw new Error(`${name}: "${line}" where ${head} is due`)
    return line.slice(head.length + 2)
  })
  if (lines.length > heads.length) throw new Error(`${name}: unknown head line "${lines.at(-1)}"`)
  const [source = '', madeWith = '', expect = ''] = values
  const bytes = Uint8Array.fromBase64(text.slice(end))
  return { name, source, madeWith, expect, bytes }
}

/** All vectors of a directory, by name. */
export function readVectors(directory: URL): Vector[] {
  return readdirSync(directory)
    .sort()
    .map((name) => parseVector(name, readFileSync(new URL(name, directory), 'utf8')))
}

/** The format vectors. */
export const formatVectors = readVectors(new URL('./format/', import.meta.url))
