// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { Member, Unread } from './archive.ts'
import type { ByteSource } from './byte-source.ts'
import { nameOf } from './fields.ts'
import { archiveLimits } from './limits.ts'

/** What an image says of one inode. */
export type FileNode =
  | { readonly kind: 'directory'; entries(): AsyncGenerator<TreeEntry> }
  | {
      readonly kind: 'file'
      readonly offset: number | undefined
      readonly content: ByteSource
      /** How many names it says that it has. */
      readonly names: number
    }
  | { readonly kind: 'link'; readonly target: Uint8Array }
  | { readonly kind: 'special' }
  | { readonly kind: 'unread'; readonly because: string }

export interface TreeEntry {
  readonly name: Uint8Array
  /** Whatever tells inodes apart. */
  readonly inode: number
}

export interface FileTree {
  readonly root: number
  /** How many there are, as the image says: so many are met at most. */
  readonly inodes: number
  /** @throws FormatError if it cannot be read */
  open(inode: number): Promise<FileNode>
}

/**
 * All names of a file system, a directory before what is in it.
 *
 * An inode is given once, whatever the number of its names, and further names are links to it: so that neither a
 * directory within itself nor a thousand names of one large file cost more than themselves.
 *
 * @throws FormatError if there is no directory at the root
 */
export async function* walkTree(tree: FileTree): AsyncGenerator<Member | Unread> {
  const root = await tree.open(tree.root)
  if (root.kind === 'unread') return yield unread('', root.because)
  if (root.kind !== 'directory')
    throw new FormatError('value-not-allowed', 0, 'the root is no directory')
  /** Where an inode was met first: its path, where it may be met again in an honest image or lead in a circle. */
  const met = new Map([[tree.root, '']])
  const open = [{ path: '', entries: root.entries() }]
  for (let directory = open.at(-1); directory !== undefined; directory = open.at(-1)) {
    const entry = await nextEntry(directory.entries)
    if (entry === undefined) {
      open.pop()
      continue
    }
    if ('because' in entry) {
      yield unread(directory.path, entry.because)
      open.pop()
      continue
    }
    const path =
      directory.path === '' ? nameOf(entry.name) : `${directory.path}/${nameOf(entry.name)}`
    const first = met.get(entry.inode)
    if (first !== undefined) {
      yield { ...bare(path, 'link'), target: first }
      continue
    }
    if (met.size >= tree.inodes) {
      yield unread(path, `the image says that it has ${tree.inodes} inodes, and this is one more`)
      return
    }
    const node = await opened(tree, entry.inode)
    const again = node.kind === 'directory' || (node.kind === 'file' && node.names > 1)
    met.set(entry.inode, again ? path : '')
    yield memberOf(path, node)
    if (node.kind !== 'directory') continue
    if (open.length >= archiveLimits.depth || path.length > archiveLimits.nameOctets)
      yield unread(path, `over ${archiveLimits.depth} directories deep`)
    else open.push({ path, entries: node.entries() })
  }
}

async function nextEntry(entries: AsyncGenerator<TreeEntry>) {
  try {
    const next = await entries.next()
    return next.done === true ? undefined : next.value
  } catch (error) {
    if (error instanceof FormatError) return { because: `a directory: ${error.message}` }
    throw error
  }
}

async function opened(tree: FileTree, inode: number): Promise<FileNode> {
  try {
    return await tree.open(inode)
  } catch (error) {
    if (error instanceof FormatError) return { kind: 'unread', because: error.message }
    throw error
  }
}

function memberOf(path: string, node: FileNode): Member | Unread {
  switch (node.kind) {
    case 'file':
      return { ...bare(path, 'file'), offset: node.offset, content: node.content }
    case 'link':
      return { ...bare(path, 'link'), target: nameOf(node.target) }
    case 'unread':
      return unread(path, node.because)
    default:
      return bare(path, node.kind)
  }
}

function bare(name: string, type: Member['type']): Member {
  return { kind: 'member', name, type, offset: undefined, content: undefined }
}

function unread(name: string, because: string): Unread {
  return { kind: 'unread', name, offset: undefined, because }
}
