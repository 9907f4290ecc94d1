// SPDX-License-Identifier: Apache-2.0
/** The sw-description of SWUpdate, in the syntax of libconfig or in JSON. */
import { FormatError } from '#format/format-error.ts'

export type Setting =
  | string
  | number
  | boolean
  | readonly Setting[]
  | { readonly [name: string]: Setting }

/** An image, a file or a script of the update. */
export interface SwEntry {
  readonly filename: string
  readonly encrypted: boolean
  readonly compressed: string | undefined
  readonly sha256: string | undefined
}

const limits = { depth: 64, values: 65_536 }

/**
 * All settings as they stand; `@include` and strings that go over several lines are refused, as are names that stand twice.
 *
 * @throws FormatError, its offset in characters
 * @see SWUpdate doc/source/sw-description.rst; libconfig manual, "Configuration Files"
 */
export function parseSwDescription(text: string): { readonly [name: string]: Setting } {
  // Only JSON begins so: the two differ in what a string may hide.
  const isJson = /^\s*\{/.test(text)
  const reader = new SettingReader(text, isJson ? jsonEscapes : libconfigEscapes)
  const settings = reader.next() === '{' ? reader.value(0) : reader.group(0, undefined)
  reader.end()
  if (typeof settings !== 'object' || Array.isArray(settings))
    throw new FormatError('text-malformed', 0, 'no group of settings')
  // Told apart above; an array has no names.
  return settings as { readonly [name: string]: Setting }
}

/** Every group that names a file, in whatever selection or software set it stands. */
export function swEntries(settings: Setting): readonly SwEntry[] {
  if (typeof settings !== 'object') return []
  const inner: readonly Setting[] = Array.isArray(settings) ? settings : Object.values(settings)
  const below = inner.flatMap((setting) => swEntries(setting))
  if (Array.isArray(settings) || !('filename' in settings)) return below
  const { filename, encrypted, compressed, sha256 } = settings
  if (typeof filename !== 'string') return below
  const entry = {
    filename,
    encrypted: encrypted === true || typeof encrypted === 'string',
    compressed:
      compressed === true ? 'zlib' : typeof compressed === 'string' ? compressed : undefined,
    sha256: typeof sha256 === 'string' ? sha256 : undefined,
  }
  return [entry, ...below]
}

class SettingReader {
  readonly #text: string
  readonly #escapes: Escapes
  #at = 0
  #values = 0

  constructor(text: string, escapes: Escapes) {
    this.#text = text
    this.#escapes = escapes
  }

  /** The next character that counts; undefined at the end. */
  next(): string | undefined {
    const blank = /(?:\s|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
    blank.lastIndex = this.#at
    blank.test(this.#text)
    this.#at = blank.lastIndex
    return this.#text[this.#at]
  }

  end(): void {
    if (this.next() !== undefined) throw this.#wrong('text behind the settings')
  }

  /** `name = value;` or `"name": value,` up to `close`. */
  group(depth: number, close: string | undefined): { readonly [name: string]: Setting } {
    const settings = new Map<string, Setting>()
    while (this.next() !== close) {
      const name = this.#match(/[A-Za-z*][-A-Za-z0-9_*]*/y) ?? this.#string()
      if (settings.has(name)) throw this.#wrong(`${name} stands twice`)
      if (this.next() !== '=' && this.next() !== ':') throw this.#wrong('no = or :')
      this.#at++
      settings.set(name, this.value(depth))
      if (this.next() === ';' || this.next() === ',') this.#at++
    }
    return Object.fromEntries(settings)
  }

  value(depth: number): Setting {
    if (depth > limits.depth) throw new FormatError('too-deep', this.#at, 'settings')
    if (this.#values++ > limits.values) throw new FormatError('too-many', this.#at, 'settings')
    const first = this.next()
    if (first === '{') return this.#within('}', () => this.group(depth + 1, '}'))
    if (first === '(') return this.#within(')', () => this.#list(depth + 1, ')'))
    if (first === '[') return this.#within(']', () => this.#list(depth + 1, ']'))
    if (first === '"') return this.#string()
    const word = this.#match(/[-+.\w]+/y)
    if (word === undefined) throw this.#wrong('no value')
    if (/^true$/i.test(word)) return true
    if (/^false$/i.test(word)) return false
    const number = Number(word.replace(/L{1,2}$/, ''))
    if (Number.isNaN(number)) throw this.#wrong(`${word} is no value`)
    return number
  }

  #within<T>(close: string, read: () => T): T {
    this.#at++
    const inner = read()
    if (this.next() !== close) throw this.#wrong(`no ${close}`)
    this.#at++
    return inner
  }

  #list(depth: number, close: string): Setting[] {
    const values: Setting[] = []
    while (this.next() !== close) {
      values.push(this.value(depth))
      if (this.next() === ',') this.#at++
      else if (this.next() !== close) throw this.#wrong(`no ${close}`)
    }
    return values
  }

  /** Strings behind each other are one, as in C. */
  #string(): string {
    let text = ''
    do {
      const string = this.#match(/"(?:[^"\\\n]|\\[^\n])*"/y)
      if (string === undefined) throw this.#wrong('no name or string')
      text += string
        .slice(1, -1)
        .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gu, (_, code: string) =>
          this.#unescaped(code),
        )
    } while (this.next() === '"')
    return text
  }

  #unescaped(code: string): string {
    const { number, short } = this.#escapes
    if (code.length > 1 && code.startsWith(number))
      return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    const character = short.get(code)
    // Readers differ in what such a one is: two of them would see two names.
    if (character === undefined) throw this.#wrong(`\\${code.slice(0, 1)} in a string`)
    return character
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    this.#at += found?.length ?? 0
    return found
  }

  #wrong(detail: string): FormatError {
    return new FormatError('text-malformed', this.#at, detail)
  }
}

interface Escapes {
  /** What a character by its number begins with. */
  readonly number: 'x' | 'u'
  readonly short: ReadonlyMap<string, string>
}

const shared = [...pairs('"\\', '"\\'), ...pairs('nrtf', '\n\r\t\f')]
/** libconfig manual, "String Values". */
const libconfigEscapes: Escapes = { number: 'x', short: new Map(shared) }
/** RFC 8259 section 7. */
const jsonEscapes: Escapes = { number: 'u', short: new Map([...shared, ...pairs('/b', '/\b')]) }

function pairs(codes: string, characters: string): (readonly [string, string])[] {
  return [...codes].map((code, index) => [code, characters[index] ?? ''])
}
