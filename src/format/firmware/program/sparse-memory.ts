// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/** Octets that lie together in the memory of a device. */
export interface MemorySpan {
  readonly address: number
  readonly bytes: Uint8Array
}

/** No microcontroller that is programmed by text has more; its text would be three times as long. */
export const mostMemoryOctets = 33_554_432

/** Memory of a device, filled record by record, in any order. */
export class SparseMemory {
  /** Runs in the order in which they were written. */
  readonly #runs: { address: number; bytes: Uint8Array; length: number }[] = []
  #octets = 0

  /** @throws FormatError `too-large` */
  write(address: number, bytes: Uint8Array, offset: number): void {
    this.#octets += bytes.length
    if (this.#octets > mostMemoryOctets)
      throw new FormatError('too-large', offset, `over ${mostMemoryOctets} octets of memory`)
    const last = this.#runs.at(-1)
    if (last === undefined || last.address + last.length !== address) {
      this.#runs.push({ address, bytes: bytes.slice(), length: bytes.length })
      return
    }
    if (last.length + bytes.length > last.bytes.length) {
      const grown = new Uint8Array(
        Math.max(1_024, last.bytes.length * 2, last.length + bytes.length),
      )
      grown.set(last.bytes.subarray(0, last.length))
      last.bytes = grown
    }
    last.bytes.set(bytes, last.length)
    last.length += bytes.length
  }

  /** Ascending by address; what lies side by side is one span, and what was written twice stands twice. */
  spans(): MemorySpan[] {
    const runs = this.#runs.toSorted((left, right) => left.address - right.address)
    const groups: (typeof runs)[] = []
    let end = Number.NaN
    for (const run of runs) {
      if (run.address === end) groups.at(-1)!.push(run)
      else groups.push([run])
      end = run.address + run.length
    }
    return groups.map((group) => ({ address: group[0]!.address, bytes: joined(group) }))
  }
}

function joined(runs: readonly { readonly bytes: Uint8Array; readonly length: number }[]) {
  if (runs.length === 1) return runs[0]!.bytes.subarray(0, runs[0]!.length)
  const all = new Uint8Array(runs.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { bytes, length } of runs) {
    all.set(bytes.subarray(0, length), at)
    at += length
  }
  return all
}
