// SPDX-License-Identifier: Apache-2.0
import type { Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import type { Partition } from './partitions.ts'

/** Each partition as a member; one that is over the end of the image is told, and searched as far as it is there. */
export async function* partitionMembers(
  source: ByteSource,
  partitions: Promise<readonly Partition[]>,
): AsyncGenerator<Member | Unread> {
  const sorted = (await partitions).toSorted((left, right) => left.offset - right.offset)
  for (const { name, offset, size, type } of sorted) {
    const end = source.size ?? Number.POSITIVE_INFINITY
    if (offset + size > end) {
      const because = `it ends at ${offset + size}, and the image at ${end}`
      yield { kind: 'unread', name, offset, because, reason: 'damaged' }
    }
    const content = span(source, offset, Math.max(0, Math.min(size, end - offset)))
    yield { kind: 'member', name, type: 'file', offset, content, about: `type ${type}` }
  }
}
