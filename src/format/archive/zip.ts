// SPDX-License-Identifier: Apache-2.0
/** zip, APPNOTE.TXT 6.3.10: by its directory, and by what stands before each member where there is none. */
import { sameBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, ArchiveTools, Compression, Member, Packed, Unread } from './archive.ts'
import { type ByteSource, span } from './byte-source.ts'
import { isAt, nameOf, readExactly, u16le, u32le } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { tail, trailing } from './rest.ts'
import { endMark, findZipDirectory, localMark, type ZipEntry, zipEntries } from './zip-directory.ts'
import { ZipOverlaps } from './zip-overlaps.ts'

const localOctets = 30
const linkMode = 0o120000
/** Bits of the general purpose flags. */
const encrypted = 0x1
const sizesBehind = 0x8
/** Of the sizes behind a content, with a mark or without: 32 bits, then 64. */
const sizesOctets = [16, 12, 24, 20]

/** Methods that are unpacked; 0 is stored as it is. */
const compressions: Record<number, Compression | undefined> = {
  8: 'deflate',
  93: 'zstd',
  95: 'xz',
}

/** APPNOTE.TXT 4.4.5: methods 0 to 20, and 93 to 99. */
const [lastOldMethod, firstNewMethod, lastNewMethod] = [20, 93, 99]

export const zip: ArchiveForm = {
  name: 'zip',
  access: 'ranged',
  headOctets: localOctets + 1,
  recognise: (head) => isLocalHeader(head) || isAt(head, 0, `${endMark}\0\0\0\0`),
  members,
}

/** Programs that read zip have its mark among their constants: a header has a method that exists, and a name. */
function isLocalHeader(head: Uint8Array): boolean {
  if (!isAt(head, 0, localMark) || head.length <= localOctets || head[5] !== 0) return false
  const method = u16le(head, 8)
  const exists = method <= lastOldMethod || (method >= firstNewMethod && method <= lastNewMethod)
  return exists && u16le(head, 26) > 0 && head[localOctets]! >= 0x20
}

async function* members(source: ByteSource, tools: ArchiveTools): AsyncGenerator<Member | Unread> {
  const directory = await findZipDirectory(source)
  if (directory === undefined) {
    yield unread(
      '',
      0,
      'it has no directory: cut off, perhaps; members are found by their own headers',
    )
    return yield* localMembers(source, tools, 0)
  }
  const overlaps = new ZipOverlaps(directory.start)
  for await (const entry of zipEntries(source, directory)) overlaps.add(entry)
  overlaps.settle()
  for await (const entry of zipEntries(source, directory)) {
    try {
      yield* entryMembers(source, tools, entry, overlaps)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      yield unread(nameOf(entry.name), entry.at, error.message)
    }
  }
  for (const { from, to } of overlaps.between()) yield* hiddenMembers(source, tools, from, to)
  if (source.size !== undefined && directory.end < source.size)
    yield trailing(source, directory.end)
}

/** An entry of the directory, and what is to be said of it: it may lie. */
async function* entryMembers(
  source: ByteSource,
  tools: ArchiveTools,
  entry: ZipEntry,
  overlaps: ZipOverlaps,
): AsyncGenerator<Member | Unread> {
  const name = nameOf(entry.name)
  const local = await localHeader(source, entry.at)
  const lie = lieOf(entry, local)
  if (lie !== undefined) yield unread(name, entry.at, `its own header says otherwise: ${lie}`)
  const end = local.start + entry.packedOctets
  if (overlaps.has(entry, end)) {
    yield unread(
      name,
      entry.at,
      'it lies over another member, as in archives that are made to be endless',
    )
    return
  }
  yield await memberOf(source, tools, { ...entry, start: local.start })
}

interface LocalHeader {
  readonly name: Uint8Array
  readonly flags: number
  readonly method: number
  readonly packedOctets: number
  readonly octets: number
  /** Where the content begins. */
  readonly start: number
}

async function localHeader(source: ByteSource, at: number): Promise<LocalHeader> {
  const header = (await readExactly(source, at, localOctets)).slice()
  if (!isAt(header, 0, localMark))
    throw new FormatError('value-not-allowed', at, 'no header where the directory says one')
  const nameLength = u16le(header, 26)
  const name = (await readExactly(source, at + localOctets, nameLength)).slice()
  return {
    name,
    flags: u16le(header, 6),
    method: u16le(header, 8),
    packedOctets: u32le(header, 18),
    octets: u32le(header, 22),
    start: at + localOctets + nameLength + u16le(header, 28),
  }
}

/** What differs between directory and header: some programs believe the one, some the other. */
function lieOf(entry: ZipEntry, local: LocalHeader): string | undefined {
  if (!sameBytes(entry.name, local.name)) return `named ${nameOf(local.name)}`
  if (entry.method !== local.method) return `method ${local.method}`
  // Sizes may stand behind the content, or in 64 bits.
  if ((local.flags & sizesBehind) !== 0 || local.packedOctets === 0xffff_ffff) return undefined
  if (local.packedOctets !== entry.packedOctets) return `${local.packedOctets} octets packed`
  return undefined
}

type Found = Pick<ZipEntry, 'name' | 'flags' | 'method' | 'packedOctets' | 'octets' | 'mode'> & {
  readonly start: number
}

async function memberOf(
  source: ByteSource,
  tools: ArchiveTools,
  entry: Found,
): Promise<Member | Unread> {
  const { start, packedOctets, method } = entry
  const name = nameOf(entry.name)
  if ((entry.flags & encrypted) !== 0) return unread(name, start, 'it is encrypted')
  const common = { kind: 'member', name, offset: start } as const
  if (name.endsWith('/') && entry.octets === 0 && packedOctets === 0)
    return { ...common, type: 'directory', content: undefined }
  const stored = span(source, start, packedOctets)
  const compression = compressions[method]
  if (method !== 0 && compression === undefined)
    return unread(name, start, `packed by method ${method}, which is not unpacked`)
  const content: ByteSource | Packed =
    compression === undefined
      ? stored
      : { kind: 'packed', compression, source: stored, size: entry.octets }
  if ((entry.mode & 0o170000) === linkMode && entry.octets <= archiveLimits.nameOctets)
    return { ...common, type: 'link', content: undefined, target: await targetOf(content, tools) }
  return { ...common, type: 'file', content }
}

async function targetOf(content: ByteSource | Packed, tools: ArchiveTools): Promise<string> {
  if (!('kind' in content)) return nameOf(await content.read(0, archiveLimits.nameOctets))
  const stream = tools.open(content)
  try {
    return nameOf(await stream.read(0, archiveLimits.nameOctets))
  } finally {
    stream.close()
  }
}

/** Members that were taken out of the directory and still lie there, as some programs delete them. */
async function* hiddenMembers(
  source: ByteSource,
  tools: ArchiveTools,
  from: number,
  to: number,
): AsyncGenerator<Member | Unread> {
  if (to - from < localOctets) return
  const near = (await source.read(from, 4 + Math.max(...sizesOctets))).slice()
  const before = [0, ...sizesOctets].find((octets) => isAt(near, octets, localMark))
  if (before !== undefined) yield* localMembers(span(source, 0, to), tools, from + before)
}

/** By their own headers, one by one from `at` on, as far as it can be known where the next one lies. */
async function* localMembers(
  source: ByteSource,
  tools: ArchiveTools,
  first: number,
): AsyncGenerator<Member | Unread> {
  for (let at = first; isAt(await source.read(at, 4), 0, localMark); ) {
    const local = await localHeader(source, at)
    const known = (local.flags & sizesBehind) === 0 && local.packedOctets !== 0xffff_ffff
    if (known) {
      yield await memberOf(source, tools, { ...local, mode: 0 })
      at = local.start + local.packedOctets
      continue
    }
    if (compressions[local.method] === undefined || (local.flags & encrypted) !== 0)
      return yield unread(nameOf(local.name), local.start, 'it does not say where it ends')
    let taken: number | undefined
    yield {
      ...{ kind: 'member', name: nameOf(local.name), type: 'file', offset: local.start },
      content: {
        ...{ kind: 'packed', compression: compressions[local.method]!, size: undefined },
        source: tail(source, local.start),
        ended: (octets) => {
          taken = octets
        },
      },
    }
    const next = taken === undefined ? undefined : await behindSizes(source, local.start + taken)
    if (next === undefined) return
    at = next
  }
}

/** Where the next header begins: sizes behind a content have a mark or none, and 32 bits or 64. */
async function behindSizes(source: ByteSource, at: number): Promise<number | undefined> {
  for (const octets of sizesOctets)
    if (isAt(await source.read(at + octets, 2), 0, 'PK')) return at + octets
  return undefined
}

function unread(name: string, offset: number, because: string): Unread {
  return { kind: 'unread', name, offset, because }
}
