// SPDX-License-Identifier: Apache-2.0
/** cpio: newc and crc (initramfs, SWUpdate), the portable octal form, and the old binary one of both orders. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Member, Unread } from './archive.ts'
import { type ByteSource, span } from './byte-source.ts'
import { type CpioHeader, cpioHeaderOctets, parseCpioHeader } from './cpio-header.ts'
import { isAt, nameOf, readExactly, untilZero } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { afterZeros, trailing } from './rest.ts'

export const cpio: ArchiveForm = {
  name: 'cpio',
  access: 'forward',
  headOctets: cpioHeaderOctets + 1,
  recognise,
  members,
}

const endMark = 'TRAILER!!!'

/** Two octets are no mark: of the old form, the whole header has to make sense. */
function recognise(head: Uint8Array): boolean {
  try {
    const header = parseCpioHeader(head, 0)
    if (header === undefined) return false
    const { nameOctets, mode, align } = header
    return (
      nameOctets > 0 &&
      nameOctets <= 4_096 &&
      (align !== 2 || (typeOf(mode) !== undefined && head[26] !== 0))
    )
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  for (let at = 0; ; ) {
    const bytes = await source.read(at, cpioHeaderOctets)
    if (bytes.length === 0) return yield unread(at, 'it ends without an end mark: cut off, perhaps')
    const header = parseCpioHeader(bytes, at)
    if (header === undefined) {
      yield unread(at, 'a header is damaged')
      return yield trailing(source, at)
    }
    const { nameOctets, length } = header
    if (nameOctets > archiveLimits.nameOctets)
      throw new FormatError('too-large', at, `a name of ${nameOctets} octets`)
    const name = untilZero(await readExactly(source, at + length, nameOctets)).slice()
    const start = at + aligned(length + nameOctets, header)
    const end = start + aligned(header.size, header)
    if (isAt(name, 0, endMark) && name.length === endMark.length) {
      // An initramfs is several archives behind each other, each perhaps packed in its own way.
      const next = await afterZeros(source, end)
      if (next === undefined) return
      if (parseCpioHeader(await source.read(next, cpioHeaderOctets), next) === undefined)
        return yield trailing(source, next)
      at = next
      continue
    }
    yield await memberOf(source, header, nameOf(name), start)
    at = end
  }
}

async function memberOf(
  source: ByteSource,
  { mode, size }: CpioHeader,
  name: string,
  start: number,
): Promise<Member | Unread> {
  const common = { kind: 'member', name, offset: start } as const
  const type = typeOf(mode) ?? 'file'
  if (type === 'link' && size <= archiveLimits.nameOctets) {
    const target = nameOf(untilZero(await readExactly(source, start, size)))
    return { ...common, type, content: undefined, target }
  }
  // Octets behind what should have none are looked at all the same.
  if (type === 'file' || size > 0)
    return { ...common, type: 'file', content: span(source, start, size) }
  return { ...common, type, content: undefined }
}

/** By the file type bits of a mode, stat(5); undefined: there is no such type. */
function typeOf(mode: number): Member['type'] | undefined {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file'
    case 0o040000:
      return 'directory'
    case 0o120000:
      return 'link'
    case 0o020000:
    case 0o060000:
    case 0o010000:
    case 0o140000:
      return 'special'
  }
  return undefined
}

function aligned(octets: number, { align }: CpioHeader): number {
  return Math.ceil(octets / align) * align
}

function unread(at: number, because: string): Unread {
  return { kind: 'unread', name: `octet-${at}`, offset: at, because }
}
