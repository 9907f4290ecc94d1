// SPDX-License-Identifier: Apache-2.0
/** ELF of 32 and 64 bits and of both orders: the sections that hold data, by name. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { nameOf, readExactly, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'

export interface ElfSection {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly address: number
  readonly offset: number
  readonly size: number
}

export interface ElfHeader {
  readonly wide: boolean
  readonly littleEndian: boolean
  readonly type: number
  readonly machine: number
  readonly sectionsAt: number
  readonly sectionOctets: number
  readonly sections: number
  readonly namesSection: number
}

export const elfHeaderOctets = 64
const limits = {
  /** Of an object with a section a function: a browser has some 200,000. */
  sections: 262_144,
  namesOctets: 16_777_216,
}

/** System V ABI, chapter 4. */
export const sectionTypes = { nothing: 0, program: 1, empty: 8 } as const
export const sectionFlags = { executable: 0x4, compressed: 0x800 } as const

/**
 * @throws FormatError
 * @see System V ABI 4.1, ELF header
 */
export function parseElfHeader(bytes: Uint8Array): ElfHeader {
  if (bytes.length < 52) throw new FormatError('truncated', bytes.length, 'a header of ELF')
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    throw new FormatError('value-not-allowed', 0, 'no ELF')
  const [width, order] = [bytes[4], bytes[5]]
  if (width !== 1 && width !== 2) throw new FormatError('value-not-allowed', 4, `class ${width}`)
  if (order !== 1 && order !== 2) throw new FormatError('value-not-allowed', 5, `order ${order}`)
  if (bytes[6] !== 1) throw new FormatError('version-unknown', 6, `version ${bytes[6]}`)
  const wide = width === 2
  if (wide && bytes.length < elfHeaderOctets)
    throw new FormatError('truncated', bytes.length, 'a header of ELF')
  const numbers = new Numbers(bytes, order === 1, wide)
  const tail = wide ? 52 : 40
  return {
    ...{ wide, littleEndian: order === 1 },
    type: numbers.half(16),
    machine: numbers.half(18),
    sectionsAt: numbers.address(wide ? 40 : 32),
    sectionOctets: numbers.half(tail + 6),
    sections: numbers.half(tail + 8),
    namesSection: numbers.half(tail + 10),
  }
}

/**
 * All sections in the order of the table; a file that was stripped of its table has none.
 *
 * @throws FormatError
 */
export async function parseElfSections(source: ByteSource): Promise<readonly ElfSection[]> {
  const header = parseElfHeader(await source.read(0, elfHeaderOctets))
  if (header.sectionsAt === 0) return []
  const least = header.wide ? 64 : 40
  if (header.sectionOctets < least)
    throw new FormatError('value-not-allowed', 0, `sections of ${header.sectionOctets} octets`)
  const first = await rawSections(source, header, 0, 1)
  // 0 and 0xffff: there are more than the header can count, and the first section says how many.
  const count = header.sections === 0 ? first[0]!.size : header.sections
  const namesIndex = header.namesSection === 0xffff ? first[0]!.link : header.namesSection
  if (count > limits.sections) throw new FormatError('too-many', 0, `${count} sections`)
  if (namesIndex >= count) throw new FormatError('value-not-allowed', 0, `names in ${namesIndex}`)
  const raw = await rawSections(source, header, 0, count)
  const names = raw[namesIndex]!
  if (names.size > limits.namesOctets)
    throw new FormatError('too-large', names.offset, `${names.size} octets of names`)
  const text = (await readExactly(source, names.offset, names.size)).slice()
  return raw.map(({ nameAt, link: _, ...section }) => ({
    ...section,
    name: nameOf(untilZero(text.subarray(nameAt, nameAt + 256))),
  }))
}

async function rawSections(source: ByteSource, header: ElfHeader, from: number, count: number) {
  const { wide, littleEndian, sectionsAt, sectionOctets } = header
  const start = sectionsAt + from * sectionOctets
  const bytes = (await readExactly(source, start, count * sectionOctets)).slice()
  return Array.from({ length: count }, (_, index) => {
    const numbers = new Numbers(bytes.subarray(index * sectionOctets), littleEndian, wide)
    const step = wide ? 8 : 4
    return {
      nameAt: numbers.word(0),
      type: numbers.word(4),
      flags: numbers.address(8),
      address: numbers.address(8 + step),
      offset: numbers.address(8 + 2 * step),
      size: numbers.address(8 + 3 * step),
      link: numbers.word(8 + 4 * step),
    }
  })
}

class Numbers {
  readonly #view: DataView
  readonly #littleEndian: boolean
  readonly #wide: boolean

  constructor(bytes: Uint8Array, littleEndian: boolean, wide: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#littleEndian = littleEndian
    this.#wide = wide
  }

  half(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian)
  }

  word(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian)
  }

  /** Rounded where it is over 2^53: addresses of kernels are; sizes and offsets are then beyond any end. */
  address(at: number): number {
    return this.#wide ? Number(this.#view.getBigUint64(at, this.#littleEndian)) : this.word(at)
  }
}

export const elf: ArchiveForm = {
  name: 'elf',
  access: 'ranged',
  headOctets: elfHeaderOctets,
  leftover: 'carved',
  recognise: recognisedBy({ at: 0, octets: [0x7f, 0x45, 0x4c, 0x46] }, parseElfHeader),
  members,
}

/** Code, debugging tables and whatever lies between sections are searched as they lie in the file. */
async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  const sections = (await parseElfSections(source)).filter(
    ({ name, type, flags, size }) =>
      type === sectionTypes.program &&
      (flags & sectionFlags.executable) === 0 &&
      size > 0 &&
      !name.startsWith('.debug_'),
  )
  let end = 0
  for (const section of sections.toSorted((left, right) => left.offset - right.offset)) {
    const { name, offset, size, address } = section
    // Sections that overlap are searched once, and one that is over the end of the file as far as it is there.
    if (offset < end || (source.size !== undefined && offset >= source.size)) continue
    end = offset + size
    const about = `section at address 0x${address.toString(16)}`
    yield { kind: 'member', name, type: 'file', offset, content: span(source, offset, size), about }
  }
}
