// SPDX-License-Identifier: Apache-2.0
/** ar: static libraries and Debian packages, with the long names of GNU and of BSD. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Member, Unread } from './archive.ts'
import { type ByteSource, span } from './byte-source.ts'
import { isAt, nameOf, readExactly, untilZero } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { trailing } from './rest.ts'

const mark = '!<arch>\n'
/** GNU's thin archives have names only: their members are files beside them. */
const thinMark = '!<thin>\n'
const headerOctets = 60

export const ar: ArchiveForm = {
  name: 'ar',
  access: 'forward',
  headOctets: mark.length,
  recognise: (head) => isAt(head, 0, mark) || isAt(head, 0, thinMark),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  if (isAt(await readExactly(source, 0, mark.length), 0, thinMark))
    return yield unread(0, 'a thin archive: its members are other files, and not in it')
  let names: Uint8Array = new Uint8Array()
  let lastEnd = mark.length
  for (let at = mark.length; ; ) {
    const header = (await source.read(at, headerOctets)).slice()
    // A last padding octet may stand alone, or be missing; a member may not.
    if (header.length === 0 || (header.length === 1 && header[0] === 0x0a)) {
      if (lastEnd > mark.length && (await source.read(lastEnd - 1, 1)).length === 0)
        yield unread(at, 'it ends within a member: cut off')
      return
    }
    if (header.length < headerOctets) throw new FormatError('truncated', at, 'a header of ar')
    if (header[58] !== 0x60 || header[59] !== 0x0a) {
      yield unread(at, 'a header is damaged')
      return yield trailing(source, at)
    }
    const size = decimal(header.subarray(48, 58), at + 48)
    const field = text(header.subarray(0, 16)).trimEnd()
    const start = at + headerOctets
    lastEnd = start + size
    at = lastEnd + (size % 2)
    if (field === '/' || field === '/SYM64/') {
      // The index of a library: names of its symbols, looked at like anything else.
      yield { ...memberAt(source, start, size), name: field, about: 'the index of a library' }
    } else if (field === '//') {
      if (size > archiveLimits.tableOctets)
        throw new FormatError('too-large', start, `names of ${size} octets`)
      names = (await readExactly(source, start, size)).slice()
    } else yield await named(source, field, names, start, size)
  }
}

async function named(
  source: ByteSource,
  field: string,
  names: Uint8Array,
  start: number,
  size: number,
): Promise<Member | Unread> {
  const bsd = /^#1\/(\d+)$/.exec(field)
  if (bsd !== null) {
    const length = Number(bsd[1])
    if (length > Math.min(size, archiveLimits.nameOctets))
      throw new FormatError('value-not-allowed', start, `a name of ${length} octets`)
    const name = nameOf(untilZero(await readExactly(source, start, length)))
    return { ...memberAt(source, start + length, size - length), name }
  }
  const gnu = /^\/(\d+)$/.exec(field)
  if (gnu === null)
    return { ...memberAt(source, start, size), name: nameOf(latin(field.replace(/\/$/, ''))) }
  const from = Number(gnu[1])
  if (from >= names.length)
    throw new FormatError('value-not-allowed', start, 'a name that is not among the long ones')
  const end = names.indexOf(0x0a, from)
  const name = text(names.subarray(from, end < 0 ? names.length : end)).replace(/\/$/, '')
  return { ...memberAt(source, start, size), name: nameOf(latin(name)) }
}

function memberAt(source: ByteSource, start: number, size: number): Omit<Member, 'name'> {
  return { kind: 'member', type: 'file', offset: start, content: span(source, start, size) }
}

function decimal(field: Uint8Array, at: number): number {
  const digits = /^(\d+) *$/.exec(text(field))
  if (digits === null) throw new FormatError('value-not-allowed', at, 'a size of ar')
  return Number(digits[1])
}

/** Octet by octet, so that `latin` gives them back. */
function text(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, archiveLimits.nameOctets), (octet) =>
    String.fromCharCode(octet),
  ).join('')
}

function latin(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0))
}

function unread(at: number, because: string): Unread {
  return { kind: 'unread', name: `octet-${at}`, offset: at, because }
}
