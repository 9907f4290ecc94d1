// SPDX-License-Identifier: Apache-2.0
import type { ScriptFault } from './read-script.ts'
import type { CeremonyRole } from './script.ts'

/** One object of the document, read member by member; what is wrong is noted with its path. */
export class DocumentReader {
  readonly #value: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #faults: ScriptFault[]

  constructor(value: unknown, path: string, faults: ScriptFault[]) {
    this.#path = path
    this.#faults = faults
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    this.#value = isObject ? { ...value } : {}
    if (!isObject) faults.push({ path, fault: 'is no object', remedy: 'write { … }' })
  }

  fault(member: string, fault: string, remedy: string): void {
    this.#faults.push({ path: this.#pathOf(member), fault, remedy })
  }

  has(member: string): boolean {
    return Object.hasOwn(this.#value, member)
  }

  only(members: readonly string[]): void {
    for (const name of Object.keys(this.#value)) {
      if (!members.includes(name))
        this.fault(name, 'is not known', `known are ${members.join(', ')}`)
    }
  }

  object(member: string): DocumentReader {
    return new DocumentReader(this.#value[member], this.#pathOf(member), this.#faults)
  }

  /** Absent: empty. */
  list(member: string, most: number): readonly DocumentReader[] {
    const value = this.#value[member] ?? []
    if (Array.isArray(value) && value.length <= most) {
      return value.map(
        (one, at) => new DocumentReader(one, `${this.#pathOf(member)}/${at}`, this.#faults),
      )
    }
    this.fault(member, 'is no list that fits', `write [ … ] with at most ${most} entries`)
    return []
  }

  text(member: string, most: number): string {
    const value = this.#value[member]
    const isText = typeof value === 'string' && value.trim() !== '' && value === value.trim()
    if (isText && value.length <= most && /^[^\p{C}]+$/u.test(value)) return value
    this.fault(
      member,
      value === undefined ? 'is missing' : 'is no such text',
      `write 1 to ${most} characters that can be read aloud`,
    )
    return ''
  }

  /** Stands in a URL and a file name. */
  name(member: string): string {
    const value = this.text(member, 40)
    if (value !== '' && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(value))
      this.fault(member, `is "${value}"`, 'write small letters, digits and dashes between them')
    return value
  }

  /** Of a file beside the script, nowhere else. */
  file(member: string): string {
    const value = this.text(member, 100)
    if (value !== '' && (!/^[\w][\w. -]*$/.test(value) || value.includes('..')))
      this.fault(member, `is "${value}"`, 'name a file that lies beside the script, without a path')
    return value
  }

  url(member: string): string {
    const value = this.text(member, 200)
    const url = URL.parse(value)
    const fits = url !== null && url.protocol === 'http:' && url.search === '' && url.hash === ''
    if (value !== '' && !(fits && !value.endsWith('/')))
      this.fault(member, `is "${value}"`, 'write http://NAME[:PORT], as the server has it')
    return value
  }

  digest(member: string): string {
    const value = this.hex(member, 64)
    if (value !== '' && value.length !== 64)
      this.fault(member, `has ${value.length} digits`, 'write the 64 digits of a SHA-256')
    return value
  }

  hex(member: string, most: number): string {
    const value = this.text(member, most)
    if (value === '' || (/^[0-9a-f]+$/.test(value) && value.length % 2 === 0)) return value
    this.fault(member, `is "${value}"`, 'write hexadecimal digits in pairs, small letters')
    return ''
  }

  whole(member: string, least: number, most: number): number {
    const value = this.#value[member]
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
      return value
    this.fault(member, `is ${JSON.stringify(value)}`, `write a number from ${least} to ${most}`)
    return least
  }

  flag(member: string): boolean {
    const value = this.#value[member]
    if (typeof value === 'boolean') return value
    this.fault(member, `is ${JSON.stringify(value)}`, 'write true or false')
    return true
  }

  instant(member: string): Temporal.Instant | undefined {
    const value = this.text(member, 30)
    try {
      return Temporal.Instant.from(value)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.fault(member, `is "${value}"`, 'write a moment such as 2051-01-01T00:00:00Z')
      return undefined
    }
  }

  choice<const T extends string>(member: string, choices: readonly T[]): T {
    const value = this.#value[member]
    const found = choices.find((one) => one === value)
    if (found !== undefined) return found
    this.fault(
      member,
      value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`,
      `write one of ${choices.join(', ')}`,
    )
    return choices[0] as T
  }

  words(member: string, choices: readonly CeremonyRole[]): readonly CeremonyRole[] {
    const value = this.#value[member]
    const all = Array.isArray(value) ? value : []
    const found = choices.filter((one) => all.includes(one))
    if (found.length === all.length && found.length > 0) return found
    this.fault(
      member,
      `is ${JSON.stringify(value)}`,
      `write a list of ${choices.join(', ')}, each once`,
    )
    return found
  }

  #pathOf(member: string): string {
    return this.#path === '' ? member : `${this.#path}/${member}`
  }
}
