// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'

/**
 * What stands at the beginning of a list of keys, as text; the entries follow it.
 *
 * @see docs/key-list.md
 */
export interface KeyListHead {
  /** Small letters, digits and hyphens, up to 40. */
  readonly name: string
  /** Where it came from and when, as one line of ASCII. */
  readonly from: string
  /** What is wrong with a key that stands in it: the name of a weakness. */
  readonly finds: string
  /** How many octets an entry keeps of the SHA-256 of the key's number: 5 to 32. */
  readonly digestOctets: number
  /** Whether one octet follows in each entry that says which part of the list it is of. */
  readonly hasParts: boolean
  readonly count: number
  /** SHA-256 of all entries. */
  readonly sha256: Uint8Array
  /** What the parts are, by their octet, ascending; one line of ASCII each. */
  readonly parts: ReadonlyMap<number, string>
}

/** A head of 256 parts with long names has half of this. */
export const mostHeadOctets = 65_536

const version = 'vitalsign key list 1'
const nameForm = /^[a-z0-9][a-z0-9-]{0,39}$/
const weaknessForm = /^[a-z][a-z-]{1,39}$/
/** Printable ASCII, not beginning or ending with a space. */
const lineForm = /^[!-~](?:[ -~]{0,118}[!-~])?$/

export function encodeKeyListHead(head: KeyListHead): Uint8Array {
  const { name, from, finds, digestOctets, hasParts, count, sha256, parts } = head
  const lines = [
    version,
    `name: ${name}`,
    `from: ${from}`,
    `finds: ${finds}`,
    `entry: ${digestOctets} octets${hasParts ? ' and a part' : ''}`,
    `count: ${count}`,
    `sha256: ${sha256.toHex()}`,
    ...[...parts].map(([octet, words]) => `part ${octet}: ${words}`),
  ]
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n\n`)
  // What cannot be read again is not written.
  parseKeyListHead(bytes)
  return bytes
}

export interface ReadHead {
  readonly head: KeyListHead
  /** Where the entries begin. */
  readonly length: number
}

/**
 * Reads the head at the beginning of a list; one form of writing, no other.
 *
 * @param bytes the first `mostHeadOctets` of the file, or all of it
 * @throws FormatError
 */
export function parseKeyListHead(bytes: Uint8Array): ReadHead {
  const length = endOfHead(bytes)
  const text = String.fromCharCode(...bytes.subarray(0, length - 2))
  const lines = new Lines(text)
  if (lines.next() !== version) throw new FormatError('version-unknown', 0, `not "${version}"`)
  const name = lines.field('name', nameForm)
  const from = lines.field('from', lineForm)
  const finds = lines.field('finds', weaknessForm)
  const [, octets = '', part] = lines.match(/^entry: ([1-9]\d?) octets( and a part)?$/)
  const digestOctets = Number(octets)
  if (digestOctets < 5 || digestOctets > 32)
    throw lines.wrong(`an entry keeps 5 to 32 octets, not ${digestOctets}`)
  const [, digits = ''] = lines.match(/^count: ([1-9]\d{0,8})$/)
  const [, digest = ''] = lines.match(/^sha256: ([0-9a-f]{64})$/)
  const parts = lines.parts()
  if (part === undefined && parts.size > 0) throw lines.wrong('parts, and entries that name none')
  return {
    head: {
      ...{ name, from, finds, digestOctets, hasParts: part !== undefined, count: Number(digits) },
      ...{ sha256: Uint8Array.fromHex(digest), parts },
    },
    length,
  }
}

/** After the empty line. */
function endOfHead(bytes: Uint8Array): number {
  const searched = Math.min(bytes.length, mostHeadOctets)
  for (let at = 1; at < searched; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 10) return at + 1
    if ((bytes[at] ?? 0) > 126) throw new FormatError('text-malformed', at, 'a head is ASCII')
  }
  if (searched === mostHeadOctets)
    throw new FormatError('too-large', mostHeadOctets, `a head has up to ${mostHeadOctets} octets`)
  throw new FormatError('truncated', bytes.length, 'no empty line ends the head')
}

/** The head line by line, with the offset for who complains. */
class Lines {
  readonly #lines: readonly string[]
  #at = 0
  #offset = 0
  #begun = 0

  constructor(text: string) {
    this.#lines = text.split('\n')
  }

  next(): string {
    const line = this.#lines[this.#at]
    if (line === undefined)
      throw new FormatError('element-missing', this.#offset, 'a line of the head')
    this.#at += 1
    this.#begun = this.#offset
    this.#offset += line.length + 1
    return line
  }

  match(form: RegExp): RegExpExecArray {
    const line = this.next()
    return (
      form.exec(line) ??
      fail(this.wrong(`"${line.slice(0, 60)}" is not of the form ${form.source}`))
    )
  }

  field(name: string, form: RegExp): string {
    const [, value = ''] = this.match(new RegExp(`^${name}: (.*)$`))
    if (!form.test(value)) throw this.wrong(`${name} "${value.slice(0, 60)}"`)
    return value
  }

  parts(): ReadonlyMap<number, string> {
    const parts = new Map<number, string>()
    let least = 0
    while (this.#at < this.#lines.length) {
      const [, digits = '', words = ''] = this.match(/^part (0|[1-9]\d{0,2}): (.*)$/)
      const octet = Number(digits)
      if (octet < least || octet > 255) throw this.wrong(`part ${octet} is not in order`)
      if (!lineForm.test(words)) throw this.wrong(`part ${octet} "${words.slice(0, 60)}"`)
      parts.set(octet, words)
      least = octet + 1
    }
    return parts
  }

  wrong(detail: string): FormatError {
    return new FormatError('text-malformed', this.#begun, detail)
  }
}

function fail(error: FormatError): never {
  throw error
}

/** A list as it stands in a file. */
export function encodeKeyList(head: KeyListHead, entries: Uint8Array): Uint8Array {
  return concatBytes([encodeKeyListHead(head), entries])
}
