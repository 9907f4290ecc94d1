// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { KeyLists } from '../key-lists.ts'
import { confirmScalar } from '../scalars/check-scalar.ts'
import type { KeyWeakness } from '../weaknesses.ts'
import type { KeyList } from './key-list.ts'
import { numberDigest } from './number-digest.ts'

/** Several lists, asked one after the other: one digest, and one short reading each. */
export class SortedKeyLists implements KeyLists {
  readonly lists: readonly KeyList[]
  readonly digest: string

  constructor(lists: readonly KeyList[]) {
    this.lists = [...lists].sort((a, b) => (a.head.name < b.head.name ? -1 : 1))
    const named = this.lists.map(
      ({ head }) => `${head.name} ${head.finds} ${head.sha256.toHex()}\n`,
    )
    this.digest = named.length === 0 ? '' : sha256(new TextEncoder().encode(named.join(''))).toHex()
  }

  find(key: PublicKey): readonly KeyWeakness[] {
    if (this.lists.length === 0) return []
    const digest = numberDigest(key)
    const found: KeyWeakness[] = []
    for (const list of this.lists) {
      const part = list.find(digest)
      if (part === undefined) continue
      const weakness = list.finds === 'scalar-small' ? confirmScalar(key, part) : listed(list, part)
      if (weakness !== undefined) found.push(weakness)
    }
    return found
  }
}

function listed({ head, finds }: KeyList, part: number): KeyWeakness {
  const words = head.hasParts ? (head.parts.get(part) ?? `part ${part}`) : undefined
  const where = words === undefined ? head.name : `${head.name}, ${words}`
  return { name: finds, detail: `the key stands in the list ${where}` }
}
