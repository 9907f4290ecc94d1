// SPDX-License-Identifier: Apache-2.0
/** What every form of container says of itself, so that one walk looks into all of them. */
import type { ByteSource } from './byte-source.ts'

/** The compressions that are unpacked; another is named as not scanned. */
export type Compression =
  | 'deflate'
  | 'gzip'
  | 'zlib'
  | 'xz'
  | 'zstd'
  | 'lz4'
  | 'lz4-block'
  | 'bzip2'
  | 'lzma'

/** One thing in a container, in the order in which they lie there. */
export interface Member {
  readonly kind: 'member'
  /**
   * As the container says it, slashes and all: hostile, and never used as a path of this machine. What is not UTF-8
   * or not for the eye is written \xhh. `content` where a container has one content without a name.
   */
  readonly name: string
  readonly type: 'file' | 'directory' | 'link' | 'special'
  /** Where its octets begin in the container; undefined where they are scattered or nowhere. */
  readonly offset: number | undefined
  /** Octets of its content; `packed` ones still have to go through a decompressor. */
  readonly content: ByteSource | Packed | undefined
  /** Octets of the container that its content takes from `offset` on, where they are not as many as its size. */
  readonly takes?: number
  /** Of a link: where it says that it leads. */
  readonly target?: string
  /** What the container itself gives away of its content, such as a type or a load address. */
  readonly about?: string
  /** No member in truth, but all that lies behind the container's end. */
  readonly behind?: true
}

export interface Packed {
  readonly kind: 'packed'
  readonly compression: Compression
  readonly source: ByteSource
  /** As the container says, and it may lie: never how much to read or to keep, only what to expect. */
  readonly size: number | undefined
  /**
   * Told by whoever unpacks it, once the compressed stream has come to its own end: how many octets of `source` it
   * took. So the form finds what follows, which would be overlooked otherwise. Not told where unpacking was broken off.
   */
  ended?(taken: number): void
}

/** What a decompressor gives, from front to back. `close` frees it, at its end or before, and may be called twice. */
export interface Unpacking extends ByteSource {
  readonly size: undefined
  close(): void
}

/** A piece that a container has and that could not be read, by name: never silence. */
export interface Unread {
  readonly kind: 'unread'
  readonly name: string
  readonly offset: number | undefined
  readonly because: string
  /** If absent: it is packed in a way, or has a form, that is not read here. */
  readonly reason?: 'damaged' | 'encrypted'
}

/** What a form needs of others: the decompressors, which are not format's business. */
export interface ArchiveTools {
  /**
   * The whole of a small compressed piece (a block, a table of metadata).
   *
   * @throws FormatError `too-large` if it gives more than `most` octets, `value-not-allowed` if it is damaged or of
   *   a compression that is not unpacked
   */
  unpack(compression: Compression, bytes: Uint8Array, most: number): Promise<Uint8Array>
  /**
   * A stream of any size, unpacked as far as it is read and no further; it says `ended` to what was packed. Reading
   * it throws FormatError as `unpack` does, with the offset in the unpacked octets, after all octets that are sound.
   */
  open(packed: Packed): Unpacking
}

/** A form of container. Adding one is a row of the table and its file. */
export interface ArchiveForm {
  readonly name: string
  /** `forward`: read once from front to back, so that a stream need not be kept; `ranged`: read here and there. */
  readonly access: 'forward' | 'ranged'
  /** How many octets of the beginning `recognise` wants to see, at most 65,536. */
  readonly headOctets: number
  /** Whether this is one, by its own marks and never by a name; cheap, and strict enough to be asked of any file. */
  recognise(head: Uint8Array): boolean
  /** Of a form that is known by its end: asked where nothing is recognised by its head, and of files of known size. */
  recogniseEnd?(source: ByteSource): Promise<boolean>
  /**
   * What its octets are worth besides its members: `searched`, if absent: headers and free space may hold a secret;
   * `carved`: containers may lie there, too, as between partitions; `meaningless`: all is packed.
   */
  readonly leftover?: 'searched' | 'carved' | 'meaningless'
  /**
   * Its members in order. A member's content is to be read before the next is asked for, or not at all.
   *
   * @throws FormatError where nothing further can be read; members that were given until then stand
   */
  members(source: ByteSource, tools: ArchiveTools): AsyncGenerator<Member | Unread>
}
