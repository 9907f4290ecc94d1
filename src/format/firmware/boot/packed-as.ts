// SPDX-License-Identifier: Apache-2.0
import type { Member, Unread } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'

/** Those whose streams say by themselves what they are: they are handed on as they lie. */
const selfSaying = ['none', 'gzip', 'bzip2', 'lz4', 'zstd', 'xz']

/** An image as a boot loader's header tells of it: with a compression by name. */
export function packedAs(
  compression: string,
  source: ByteSource & { readonly size: number | undefined },
  said: { readonly name: string; readonly offset: number; readonly about: string },
): Member | Unread {
  if (selfSaying.includes(compression))
    return { kind: 'member', type: 'file', ...said, content: source }
  if (compression === 'lzma') {
    const content = { kind: 'packed', compression: 'lzma', source, size: undefined } as const
    return { kind: 'member', type: 'file', ...said, content }
  }
  return {
    ...{ kind: 'unread', name: said.name, offset: said.offset },
    because: `its compression is ${compression}, which is not unpacked: searched as it lies`,
  }
}
