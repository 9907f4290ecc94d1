// SPDX-License-Identifier: Apache-2.0
/** gzip, RFC 1952: one stream of one or more members. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm } from './archive.ts'
import { nameOf, u16le, untilZero } from './fields.ts'
import { singleStream } from './single-stream.ts'

export interface GzipHeader {
  /** Octets of the header. */
  readonly length: number
  /** FNAME as nameOf gives it, without directories. */
  readonly name: string | undefined
}

/** FEXTRA has 16 bits of length; names and comments end somewhere, and real ones soon. */
export const gzipHeaderOctets = 65_536

/**
 * The header of a member at the beginning of `bytes`, of which at most `gzipHeaderOctets` are looked at.
 *
 * @throws FormatError `value-not-allowed` if there is none, `truncated` if it does not end in time
 * @see RFC 1952 2.3
 */
export function parseGzipHeader(bytes: Uint8Array): GzipHeader {
  if (bytes.length < 10) throw new FormatError('truncated', bytes.length, 'a header of gzip')
  const flags = bytes[3]!
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8 || (flags & 0xe0) !== 0)
    throw new FormatError('value-not-allowed', 0, 'no header of gzip')
  let at = 10
  if (flags & 4) at += 2 + (at + 2 <= bytes.length ? u16le(bytes, at) : 0)
  let name: string | undefined
  if (flags & 8) {
    const field = untilZero(bytes.subarray(at, gzipHeaderOctets))
    name = nameOf(field).split('/').pop()
    at += field.length + 1
  }
  if (flags & 16) at += untilZero(bytes.subarray(at, gzipHeaderOctets)).length + 1
  if (flags & 2) at += 2
  if (at > Math.min(bytes.length, gzipHeaderOctets))
    throw new FormatError('truncated', bytes.length, 'a header of gzip')
  return { length: at, name: name === '' ? undefined : name }
}

export const gzip: ArchiveForm = singleStream({
  name: 'gzip',
  compression: 'gzip',
  recognise: (head) =>
    head[0] === 0x1f && head[1] === 0x8b && head[2] === 8 && (head[3]! & 0xe0) === 0,
  nameIn: (head) => parseGzipHeader(head).name,
})
