// SPDX-License-Identifier: Apache-2.0
/** tar as Mender's artifacts are made of: ustar, plain files alone; read strictly from front to back, and written. */
import { FormatError } from '../format-error.ts'
import type { ByteSource } from './byte-source.ts'
import { nameOf, readExactly } from './fields.ts'
import { isTarHeader, parseTarHeader, tarBlock } from './tar-header.ts'

export interface TarFile {
  readonly name: string
  /** Where its header begins. */
  readonly at: number
  /** Where its content begins. */
  readonly start: number
  readonly size: number
  /** Where the next header begins. */
  readonly end: number
}

/** What eleven octal digits can say: 8 GiB - 1. */
export const mostTarOctets = 0o7_7777_7777_77
const mostFiles = 4_096
const mostNameOctets = 100
/** Writers pad to two blocks of zeros, or to a whole record of GNU's. */
const recordOctets = 10_240

/**
 * The files in their order; a content is read before the next one is asked for, or not at all. At the end only zeros
 * follow, and no more than a record of them.
 *
 * @throws FormatError `truncated`; `value-not-allowed` for anything but a plain file with a plain name;
 *   `trailing-bytes`; `too-many`
 */
export async function* readTar(source: ByteSource): AsyncGenerator<TarFile> {
  let at = 0
  for (let files = 0; ; files++) {
    const block = (await readExactly(source, at, tarBlock)).slice()
    if (block.every((octet) => octet === 0)) return await checkRest(source, at)
    if (files === mostFiles) throw new FormatError('too-many', at, 'files in a tar')
    const file = fileAt(block, at)
    if (source.size !== undefined && file.end > source.size)
      throw new FormatError('truncated', at, `${file.name} has ${file.size} octets`)
    yield file
    at = file.end
  }
}

function fileAt(block: Uint8Array, at: number): TarFile {
  if (!isTarHeader(block)) throw new FormatError('value-not-allowed', at, 'no header of a tar')
  const header = parseTarHeader(block, at)
  const name = nameOf(header.name)
  if ((header.type !== '0' && header.type !== '\0') || !isPlain(name))
    throw new FormatError('value-not-allowed', at, `"${name.slice(0, 100)}" is no plain file`)
  const start = at + tarBlock
  return { name, at, start, size: header.size, end: start + whole(header.size) }
}

function isPlain(name: string): boolean {
  return name.split('/').every((part) => !['', '.', '..'].includes(part)) && !name.includes('\\')
}

async function checkRest(source: ByteSource, at: number): Promise<void> {
  const rest = await source.read(at, recordOctets + 1)
  if (rest.length < 2 * tarBlock) throw new FormatError('truncated', at, 'the end of a tar')
  if (rest.length > recordOctets || rest.some((octet) => octet !== 0))
    throw new FormatError('trailing-bytes', at, 'behind the end of the tar')
}

function whole(octets: number): number {
  return Math.ceil(octets / tarBlock) * tarBlock
}

/**
 * The header of a plain file, of mode 0600, owner 0 and time 0.
 *
 * @throws FormatError `value-not-allowed` for a name that ustar does not hold, `too-large` for a size
 * @see POSIX.1 pax, "ustar Interchange Format"
 */
export function encodeTarHead(name: string, size: number): Uint8Array {
  const octets = new TextEncoder().encode(name)
  if (octets.length > mostNameOctets || !isPlain(name))
    throw new FormatError(
      'value-not-allowed',
      0,
      `"${name}" is no name in a tar, of at most ${mostNameOctets} octets`,
    )
  if (size > mostTarOctets)
    throw new FormatError(
      'too-large',
      0,
      `${name} has ${size} octets, a tar takes ${mostTarOctets}`,
    )
  const block = new Uint8Array(tarBlock)
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  block.set(octets)
  put(octal(0o600, 7), 100)
  put(octal(0, 7), 108)
  put(octal(0, 7), 116)
  put(octal(size, 11), 124)
  put(octal(0, 11), 136)
  put('        ', 148)
  put('0', 156)
  put('ustar\u000000', 257)
  put(octal(0, 7), 329)
  put(octal(0, 7), 337)
  const sum = block.reduce((total, octet) => total + octet, 0)
  put(`${octal(sum, 6)} `, 148)
  return block
}

/** What follows a content, up to the next header. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array(whole(size) - size)
}

/** What a tar ends with. */
export const tarEnd = new Uint8Array(2 * tarBlock)
