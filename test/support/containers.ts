// SPDX-License-Identifier: Apache-2.0
/** Containers in tests: a tree of files with all that goes wrong at edges, and what a form finds in its image. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { archiveTools } from '#edge/images/tools.ts'
import type { ArchiveForm, ArchiveTools, Member, Unread } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { plainBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import type { Random } from '../fuzz/random.ts'

/** One name: what it is, and the digest of its content or where it leads. */
export type Listed = Readonly<Record<string, string>>

/** The content of a member, unpacked if need be, in pieces. */
export async function digestOf(
  content: NonNullable<Member['content']>,
  tools: ArchiveTools,
  piece = 65_536,
): Promise<string> {
  const hash = createHash('sha256')
  const opened = 'kind' in content ? tools.open(content) : undefined
  const source = opened ?? (content as ByteSource)
  try {
    for (let at = 0; ; ) {
      const bytes = await source.read(at, piece)
      if (bytes.length === 0) return hash.digest('hex')
      hash.update(bytes)
      at += bytes.length
    }
  } finally {
    opened?.close()
  }
}

/**
 * A source of the strictest kind that the contract allows: what it gave is overwritten when it is asked again, so that
 * whoever kept it without a copy is found out.
 */
export function sharedSource(bytes: Uint8Array): ByteSource {
  // A slice of a Buffer is a view, and no copy.
  const plain = plainBytes(bytes)
  let given: Uint8Array = new Uint8Array()
  return {
    size: bytes.length,
    async read(at, length) {
      given.fill(0xa5)
      given = plain.slice(at, at + length)
      return given
    },
  }
}

/** All that a form finds, each content read to its end; what is unread or damaged stands under its name, too. */
export async function listAll(
  form: ArchiveForm,
  source: ByteSource,
  tools = archiveTools(),
  piece = 65_536,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const member of form.members(source, tools)) {
    const name = member.name.replace(/^\.\//, '').replace(/\/$/, '')
    const said = await saidOf(member, tools, piece)
    found[name] = found[name] === undefined ? said : `${found[name]}; ${said}`
  }
  return found
}

async function saidOf(member: Member | Unread, tools: ArchiveTools, piece: number) {
  if (member.kind === 'unread') return `unread: ${member.because}`
  if (member.type === 'link') return `link: ${member.target}`
  if (member.content === undefined) return member.type
  try {
    return `file: ${await digestOf(member.content, tools, piece)}`
  } catch (error) {
    if (error instanceof FormatError) return `damaged: ${error.message}`
    throw error
  }
}

/** What a tree of this machine holds, in the words of `listAll`; `hardAs` tells how a second name looks. */
export function listTree(root: string): Record<string, string> {
  const found: Record<string, string> = {}
  const look = (path: string, under: string): void => {
    for (const name of readdirSync(path).sort()) {
      const [here, called] = [join(path, name), `${under}${name}`]
      const status = lstatSync(here)
      if (status.isSymbolicLink()) found[called] = `link: ${readlinkSync(here)}`
      else if (status.isDirectory()) {
        found[called] = 'directory'
        look(here, `${called}/`)
      } else
        found[called] = `file: ${createHash('sha256').update(readFileSync(here)).digest('hex')}`
    }
  }
  look(root, '')
  return found
}

/** Sizes at which blocks, pieces and fields of headers end. */
const sizes = [0, 1, 511, 512, 513, 4_095, 4_096, 4_097, 65_535, 65_537, 131_072, 131_073]

/**
 * A tree under `root`: those sizes, text that packs and noise that does not, holes, depth, long names, and links.
 */
export function makeTree(root: string, random: Random): void {
  const deep = join(root, 'usr', 'lib', ...Array.from({ length: 12 }, (_, at) => `level-${at}`))
  mkdirSync(deep, { recursive: true })
  mkdirSync(join(root, 'empty'))
  for (const size of sizes) {
    writeFileSync(join(root, `text-${size}`), words(random, size))
    writeFileSync(join(root, 'usr', `noise-${size}`), noise(random, size))
  }
  // More than the largest block of squashfs, of one text over and over: packers take long over what hardly packs.
  const text = words(random, 50_001)
  writeFileSync(
    join(root, 'over-a-million'),
    Buffer.concat([noise(random, 2e5), ...Array(19).fill(text)]),
  )
  writeFileSync(join(deep, 'id_ecdsa'), words(random, 227))
  // Over the 100 octets of a name in tar, and over ustar's prefix.
  writeFileSync(join(root, 'usr', 'n'.repeat(200)), words(random, 10))
  writeFileSync(join(deep, 'm'.repeat(180)), words(random, 10))
  writeFileSync(join(root, 'é ü.txt'), 'e')
  const sparse = openSync(join(root, 'sparse'), 'w')
  writeSync(sparse, 'begin', 0)
  writeSync(sparse, words(random, 5_000), 0, 5_000, 1_000_000)
  writeSync(sparse, 'end', 2_500_000)
  closeSync(sparse)
  symlinkSync('text-1', join(root, 'link'))
  symlinkSync(`../${'t'.repeat(150)}`, join(root, 'usr', 'long-link'))
  for (let count = 0; count < 120; count++)
    writeFileSync(join(root, 'usr', 'lib', `f${count}`), words(random, random.below(3_000)))
}

/** Adds second names, each of a file that comes first in its directory. */
export function addHardLinks(root: string): void {
  linkSync(join(root, 'text-513'), join(root, 'z-second-name'))
}

function words(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = 0x61 + (at % 64 < 40 ? at % 7 : random.below(20))
  return bytes
}

function noise(random: Random, length: number): Buffer {
  // No zero at the end: mke2fs 1.47 with inline_data cuts off a last block of zeros.
  const bytes = Buffer.alloc(length, 0x5a)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(random.bits(), at)
  return bytes
}
