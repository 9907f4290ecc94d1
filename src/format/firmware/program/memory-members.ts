// SPDX-License-Identifier: Apache-2.0
import type { Member } from '#format/archive/archive.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import { SparseMemory } from './sparse-memory.ts'
import type { Line } from './text-lines.ts'

/** Each span of memory as a member that is named by its address; of a damaged text what stands before the damage. */
export async function* memoryMembers(
  fill: (memory: SparseMemory) => Promise<void>,
): AsyncGenerator<Member> {
  const memory = new SparseMemory()
  let damage: FormatError | undefined
  try {
    await fill(memory)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    damage = error
  }
  for (const { address, bytes } of memory.spans())
    yield {
      ...{ kind: 'member', name: nameOfAddress(address), type: 'file', offset: undefined },
      content: memorySource(bytes),
      about: 'memory of a device',
    }
  if (damage !== undefined) throw damage
}

export function nameOfAddress(address: number): string {
  return `at-0x${address.toString(16).padStart(8, '0')}`
}

/** The first line of a head, if it ends within. */
export function firstLine(head: Uint8Array): Line | undefined {
  const end = head.subarray(0, 1_024).findIndex((octet) => octet === 0x0a || octet === 0x0d)
  return end < 0 ? undefined : { offset: 0, bytes: head.subarray(0, end) }
}
