// SPDX-License-Identifier: Apache-2.0
/**
 * What happened in a ceremony: one line of canonical JSON an entry, each naming the digest of the line before.
 *
 * The digests are not looked at here: whoever can hash does (core/ceremony/check-transcript).
 */
import { FormatError } from '../format-error.ts'
import {
  encodeCanonicalJson,
  hasMembers,
  isArray,
  type Json,
  parseCanonicalJson,
} from '../tlog/canonical-json.ts'

/** What an entry tells; closed, so that a reader knows all there can be. */
export const transcriptWords = [
  ...(['began', 'discarded', 'checked', 'confirmed', 'made', 'given'] as const),
  ...(['brought', 'noted', 'refused', 'stopped', 'closed'] as const),
] as const
export type TranscriptWord = (typeof transcriptWords)[number]

export interface TranscriptEntry {
  /** Counts from 1. */
  readonly number: number
  /** RFC 3339, UTC with `Z`, by the clock of the ceremony's machine. */
  readonly at: string
  /** The step under way. */
  readonly step: string
  readonly what: TranscriptWord
  /** Who did or confirmed it; empty: the machine. */
  readonly by: readonly { readonly role: string; readonly name: string }[]
  readonly facts: Readonly<Record<string, string | number | boolean>>
  /** SHA-256 of the line before, hexadecimal; of the first: of the last line of the act before, or empty. */
  readonly previous: string
}

/** More entries than any day of people has. */
const mostEntries = 10_000
const mostFacts = 64

/** The line of an entry, without its end. @throws FormatError for text that cannot be written */
export function encodeTranscriptEntry(entry: TranscriptEntry): string {
  const { number, at, step, what, by, facts, previous } = entry
  return encodeCanonicalJson({
    ...{ number, at, step, what, facts, previous },
    by: by.map(({ role, name }) => ({ role, name })),
  })
}

export interface TranscriptLine {
  readonly entry: TranscriptEntry
  /** The bytes that the next line's digest is of. */
  readonly text: string
}

/**
 * Reads a transcript strictly: every line canonical, with exactly these members, numbered from 1, in the
 * order of time.
 *
 * @throws FormatError
 */
export function parseTranscript(text: string): readonly TranscriptLine[] {
  const lines = text.split('\n')
  if (lines.pop() !== '')
    throw new FormatError('truncated', text.length, 'the last line has no end')
  if (lines.length > mostEntries) throw new FormatError('too-many', 0, `over ${mostEntries} lines`)
  let offset = 0
  let before = ''
  return lines.map((line, at) => {
    const entry = parseLine(line, at + 1, offset)
    if (entry.at < before) throw new FormatError('value-not-allowed', offset, 'time goes back')
    before = entry.at
    offset += line.length + 1
    return { entry, text: line }
  })
}

function parseLine(line: string, number: number, offset: number): TranscriptEntry {
  const malformed = (what: string) => new FormatError('text-malformed', offset, what)
  const json = canonical(line, offset)
  if (!hasMembers(json, ['number', 'at', 'step', 'what', 'by', 'facts', 'previous']))
    throw malformed('members')
  const { at, step, what, by, facts, previous } = json
  if (json.number !== number) throw malformed(`line ${number} has another number`)
  if (typeof at !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(at))
    throw malformed('at')
  if (typeof step !== 'string') throw malformed('step')
  const word = transcriptWords.find((one) => one === what)
  if (word === undefined) throw malformed('what')
  if (typeof previous !== 'string' || !/^(?:[0-9a-f]{64})?$/.test(previous))
    throw malformed('previous')
  if (!isArray(by)) throw malformed('by')
  const people = by.map((one) => {
    if (!hasMembers(one, ['role', 'name'])) throw malformed('by')
    const { role, name } = one
    if (typeof role !== 'string' || typeof name !== 'string') throw malformed('by')
    return { role, name }
  })
  const entry = { number, at, step, what: word, by: people, previous }
  return { ...entry, facts: factsIn(facts, malformed) }
}

function canonical(line: string, offset: number): Json {
  try {
    return parseCanonicalJson(line)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(error.code, offset + error.offset)
  }
}

function factsIn(facts: Json, malformed: (what: string) => FormatError): TranscriptEntry['facts'] {
  if (facts === null || typeof facts !== 'object' || isArray(facts)) throw malformed('facts')
  const entries = Object.entries(facts)
  if (entries.length > mostFacts) throw malformed('facts: too many')
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (value === null || typeof value === 'object') throw malformed(`fact ${name}`)
      return [name, value]
    }),
  )
}
