// SPDX-License-Identifier: Apache-2.0
/** Android's boot image, header versions 0 to 4: kernel, ramdisk and more, each at the beginning of a page. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { isAt, nameOf, u32le, untilZero } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { recognisedBy } from '../recognised-by.ts'

export interface AndroidBoot {
  readonly version: number
  readonly commandLine: string
  readonly parts: readonly {
    readonly name: string
    readonly offset: number
    readonly size: number
  }[]
}

const headerOctets = 1_660
const newPageOctets = 4_096

/**
 * @throws FormatError
 * @see Android system/tools/mkbootimg/include/bootimg/bootimg.h
 */
export function parseAndroidBoot(bytes: Uint8Array): AndroidBoot {
  if (!isAt(bytes, 0, 'ANDROID!')) throw new FormatError('value-not-allowed', 0, 'no boot image')
  if (bytes.length < headerOctets)
    throw new FormatError('truncated', bytes.length, 'a header of a boot image')
  const version = u32le(bytes, 40)
  if (version > 4) throw new FormatError('version-unknown', 40, `version ${version}`)
  const word = (at: number) => u32le(bytes, at)
  if (version >= 3) {
    const sizes = {
      kernel: word(8),
      ramdisk: word(12),
      ...(version === 4 ? { signature: word(1580) } : {}),
    }
    return { version, commandLine: textAt(bytes, 44, 1_536), parts: paged(sizes, newPageOctets) }
  }
  const page = word(36)
  if (page < 512 || page > 65_536 || (page & (page - 1)) !== 0)
    throw new FormatError('value-not-allowed', 36, `pages of ${page} octets`)
  const sizes = {
    ...{ kernel: word(8), ramdisk: word(16), second: word(24) },
    ...(version >= 1 ? { 'recovery-dtbo': word(1632) } : {}),
    ...(version >= 2 ? { dtb: word(1648) } : {}),
  }
  return { version, commandLine: textAt(bytes, 64, 512), parts: paged(sizes, page) }
}

function paged(sizes: Readonly<Record<string, number>>, page: number): AndroidBoot['parts'] {
  let offset = page
  const parts: { name: string; offset: number; size: number }[] = []
  for (const [name, size] of Object.entries(sizes)) {
    if (size > 0) parts.push({ name, offset, size })
    offset += Math.ceil(size / page) * page
  }
  return parts
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return nameOf(untilZero(bytes.subarray(at, at + length)))
}

export const androidBoot: ArchiveForm = {
  name: 'android-boot',
  access: 'ranged',
  headOctets: headerOctets,
  leftover: 'carved',
  recognise: recognisedBy(
    { at: 0, octets: [0x41, 0x4e, 0x44, 0x52] },
    (head) => parseAndroidBoot(head).parts.length > 0,
  ),
  members,
}

async function* members(source: ByteSource): AsyncGenerator<Member | Unread> {
  for (const { name, offset, size } of parseAndroidBoot(await source.read(0, headerOctets)).parts) {
    const end = source.size ?? Number.POSITIVE_INFINITY
    if (offset + size > end) {
      const because = `it ends at ${offset + size}, and the image at ${end}`
      yield { kind: 'unread', name, offset, because, reason: 'damaged' }
    }
    yield { kind: 'member', name, type: 'file', offset, content: span(source, offset, size) }
  }
}
