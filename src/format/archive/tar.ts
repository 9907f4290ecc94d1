// SPDX-License-Identifier: Apache-2.0
/** tar: v7, ustar, pax and GNU's, POSIX.1 pax and the GNU tar manual. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Member, Unread } from './archive.ts'
import { type ByteSource, span } from './byte-source.ts'
import { extentSource } from './extents.ts'
import { nameOf, readExactly, untilZero } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { noRecords, overlaid, type PaxRecords, parsePaxRecords } from './pax.ts'
import { afterZeros, trailing } from './rest.ts'
import { isTarHeader, parseTarHeader, type TarHeader, tarBlock } from './tar-header.ts'
import { oldSparseMap, paxSparseMap, type SparseMap } from './tar-sparse.ts'

export const tar: ArchiveForm = {
  name: 'tar',
  access: 'forward',
  headOctets: tarBlock,
  recognise: isTarHeader,
  members,
}

/** What headers before a member say of it. */
interface Before {
  readonly records: PaxRecords
  readonly name: Uint8Array | undefined
  readonly target: Uint8Array | undefined
}

const nothingBefore: Before = { records: noRecords, name: undefined, target: undefined }

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  let global = noRecords
  let before = nothingBefore
  for (let at = 0; ; ) {
    const block = (await source.read(at, tarBlock)).slice()
    if (block.length === 0) return yield unread(at, 'it ends without an end mark: cut off, perhaps')
    if (block.length < tarBlock) throw new FormatError('truncated', at, 'a header of tar')
    if (!isTarHeader(block)) {
      const next = await nextHeader(source, at)
      if (next === undefined) return
      if (next === at || !isTarHeader(await source.read(next, tarBlock))) {
        // What is not zeros and no header is behind the end mark, or it is damage.
        if (block.some((octet) => octet !== 0)) yield unread(at, 'a header is damaged')
        return yield trailing(source, next)
      }
      before = nothingBefore
      at = next
      continue
    }
    const header = parseTarHeader(block, at)
    const start = at + tarBlock
    const table = tables[header.type]
    if (table !== undefined) {
      const bytes = await tableOf(source, header, start)
      if (header.type === 'g') global = overlaid(global, parsePaxRecords(bytes, start))
      else before = table(before, bytes, start)
      at = afterContent(start, header.size)
      continue
    }
    const records = overlaid(global, before.records)
    const stored = await storedOctets(source, header, records, start)
    // Read now: once the content was read, a stream does not come back to what says where its pieces lie.
    const old = header.type === 'S' ? await oldSparseMap(source, header, start) : undefined
    yield await memberOf(source, header, { ...before, records }, start, old ?? stored)
    before = nothingBefore
    at = afterContent(old?.dataStart ?? start, stored)
  }
}

/** Headers that say something of the next one. */
const tables: Record<string, (before: Before, bytes: Uint8Array, at: number) => Before> = {
  g: (before) => before,
  x: (before, bytes, at) => ({ ...before, records: parsePaxRecords(bytes, at) }),
  X: (before, bytes, at) => ({ ...before, records: parsePaxRecords(bytes, at) }),
  L: (before, bytes) => ({ ...before, name: untilZero(bytes) }),
  K: (before, bytes) => ({ ...before, target: untilZero(bytes) }),
}

async function tableOf(source: ByteSource, header: TarHeader, start: number): Promise<Uint8Array> {
  if (header.size > archiveLimits.tableOctets)
    throw new FormatError('too-large', start, `a header of tar of ${header.size} octets`)
  return (await readExactly(source, start, header.size)).slice()
}

async function memberOf(
  source: ByteSource,
  header: TarHeader,
  { records, name, target }: Before,
  start: number,
  stored: number | SparseMap,
): Promise<Member | Unread> {
  const sparseName = records.octets.get('GNU.sparse.name')
  const bytes = sparseName ?? records.octets.get('path') ?? name ?? header.name
  if (bytes.length > archiveLimits.nameOctets)
    return unread(start, `a name of ${bytes.length} octets`)
  const called = nameOf(bytes)
  const linked = records.octets.get('linkpath') ?? target ?? header.target
  const type = typeOf(header, called, typeof stored === 'number' ? stored : stored.size)
  const common = { kind: 'member', name: called, type, offset: start } as const
  if (type === 'link') return { ...common, content: undefined, target: nameOf(linked) }
  if (type !== 'file') return { ...common, content: undefined }
  try {
    const content = await contentOf(source, records, start, stored)
    // Holes of a sparse file are in its size, and not in the archive.
    const takes = typeof stored === 'number' ? stored : stored.dataStart - start + header.size
    return takes === content.size ? { ...common, content } : { ...common, content, takes }
  } catch (error) {
    if (!(error instanceof FormatError) || error.code === 'truncated') throw error
    return { kind: 'unread', name: called, offset: start, because: error.message }
  }
}

function typeOf(header: TarHeader, name: string, stored: number): Member['type'] {
  // Octets behind what should have none are looked at all the same: other programs may have given them a meaning.
  if (stored > 0) return 'file'
  if (header.type === '5' || (header.type !== '1' && header.type !== '2' && name.endsWith('/')))
    return 'directory'
  if (header.type === '1' || header.type === '2') return 'link'
  return header.type === '3' || header.type === '4' || header.type === '6' ? 'special' : 'file'
}

async function contentOf(
  source: ByteSource,
  { text, sparse }: PaxRecords,
  start: number,
  stored: number | SparseMap,
): Promise<ByteSource> {
  if (typeof stored !== 'number') return extentSource(source, stored.size, stored.extents)
  if (text.has('GNU.sparse.major') || text.has('GNU.sparse.size')) {
    const { size, extents } = await paxSparseMap(source, text, sparse, start, stored)
    return extentSource(source, size, extents)
  }
  return span(source, start, stored)
}

/**
 * How many octets lie behind a header. Links have a size in some archives and no octets, and octets in others: if a
 * header stands where octets should, there are none.
 */
async function storedOctets(
  source: ByteSource,
  header: TarHeader,
  { text }: PaxRecords,
  start: number,
): Promise<number> {
  const said = text.get('size')
  const size = said === undefined || said === '' ? header.size : Number(said)
  if (!Number.isSafeInteger(size) || size < 0)
    throw new FormatError('value-not-allowed', start, 'a size in a record of pax')
  const octetless = header.type === '1' || header.type === '2' || header.type === '5'
  if (size > 0 && octetless) {
    const behind = await source.read(start, tarBlock)
    if (isTarHeader(behind) || behind.every((octet) => octet === 0)) return 0
  }
  return size
}

function afterContent(start: number, size: number): number {
  const end = start + Math.ceil(size / tarBlock) * tarBlock
  if (!Number.isSafeInteger(end)) throw new FormatError('too-large', start, 'a size of over 2^53')
  return end
}

/** The block in which something else than zeros stands next. */
async function nextHeader(source: ByteSource, at: number): Promise<number | undefined> {
  const next = await afterZeros(source, at)
  return next === undefined ? undefined : next - (next % tarBlock)
}

function unread(at: number, because: string): Unread {
  return { kind: 'unread', name: `octet-${at}`, offset: at, because }
}
