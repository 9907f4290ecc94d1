// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'

/** What `badkeysdata.json` says of the blocklist beside it. */
export interface BadkeysIndex {
  readonly date: string
  /** SHA-256 of `blocklist.dat`. */
  readonly sha256: Uint8Array
  /** Name of each part by its octet, ascending. */
  readonly parts: ReadonlyMap<number, string>
}

const mostOctets = 1_048_576
const nameForm = /^[!-~]{1,60}$/

/**
 * Reads the index of a badkeys blocklist, format 0.
 *
 * @see badkeys, docs/BLOCKLISTFORMAT.md
 * @throws FormatError
 */
export function parseBadkeysIndex(bytes: Uint8Array): BadkeysIndex {
  if (bytes.length > mostOctets)
    throw new FormatError('too-large', mostOctets, 'an index of a blocklist')
  const index = record(parsed(bytes), 'the index')
  if (index['bkformat'] !== 0)
    throw new FormatError(
      'version-unknown',
      0,
      `bkformat ${JSON.stringify(index['bkformat'])}, only 0 is known`,
    )
  const digest = text(index['blocklist_sha256'], 'blocklist_sha256', /^[0-9a-f]{64}$/)
  const { blocklists } = index
  if (!Array.isArray(blocklists) || blocklists.length === 0)
    throw new FormatError('element-missing', 0, 'blocklists')
  const parts = new Map<number, string>()
  for (const one of blocklists) {
    const part = record(one, 'a blocklist')
    const id = part['id']
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 255 || parts.has(id))
      throw new FormatError('value-not-allowed', 0, `id ${JSON.stringify(id)} of a blocklist`)
    const name = text(part['name'], 'name', nameForm)
    const repository = text(part['repo'] ?? '-', 'repo', nameForm)
    parts.set(id, repository === '-' ? name : `${name} of ${repository}`)
  }
  return {
    date: text(index['date'], 'date', nameForm),
    sha256: Uint8Array.fromHex(digest),
    parts: new Map([...parts].sort(([one], [other]) => one - other)),
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'no JSON')
  }
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError('text-malformed', 0, `${what} is no object`)
  return { ...value }
}

function text(value: unknown, what: string, form: RegExp): string {
  if (typeof value !== 'string' || !form.test(value))
    throw new FormatError('text-malformed', 0, `${what} ${JSON.stringify(value)?.slice(0, 60)}`)
  return value
}
