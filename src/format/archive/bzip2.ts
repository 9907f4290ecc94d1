// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm } from './archive.ts'
import { isAt } from './fields.ts'

/** bzip2: known by its mark and that of its first block, and named; it is not unpacked. */
export const bzip2: ArchiveForm = {
  name: 'bzip2',
  access: 'forward',
  leftover: 'meaningless',
  headOctets: 10,
  recognise: (head) =>
    isAt(head, 0, 'BZh') && head[3]! >= 0x31 && head[3]! <= 0x39 && isAt(head, 4, '1AY&SY'),
  async *members() {
    yield {
      ...{ kind: 'unread', name: 'content', offset: 0 },
      because: 'it is packed by bzip2, which is not unpacked',
    }
  },
}
