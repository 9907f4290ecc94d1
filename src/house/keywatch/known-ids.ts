// SPDX-License-Identifier: Apache-2.0
import { idOctets } from './keys-file.ts'

/** Ids that are known, 16 octets each, in one array: a Set of ten million texts would take ten times the memory. */
export class KnownIds {
  #slots = new Uint32Array(4 * 1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @returns whether it is new */
  add(id: Uint8Array): boolean {
    if ((this.#count + 1) * 16 > this.#slots.length * 3) this.#grow()
    const words = wordsOf(id)
    const slot = this.#slotOf(words)
    if (isHeld(this.#slots, slot)) return false
    this.#slots.set(words, slot)
    this.#count += 1
    return true
  }

  has(id: Uint8Array): boolean {
    return isHeld(this.#slots, this.#slotOf(wordsOf(id)))
  }

  /** Where it stands, or where it would be put. The end of a UUIDv7 is random and serves as its own hash. */
  #slotOf(words: Uint32Array): number {
    const slots = this.#slots
    const mask = slots.length / 4 - 1
    for (let at = (words[3] ?? 0) & mask; ; at = (at + 1) & mask) {
      const slot = at * 4
      if (!isHeld(slots, slot) || words.every((word, index) => word === slots[slot + index]))
        return slot
    }
  }

  #grow() {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (let slot = 0; slot < old.length; slot += 4) {
      const words = old.subarray(slot, slot + 4)
      if (isHeld(old, slot)) this.#slots.set(words, this.#slotOf(words))
    }
  }
}

/** No UUID is all zeros. */
function isHeld(slots: Uint32Array, slot: number): boolean {
  return (
    slots[slot] !== 0 || slots[slot + 1] !== 0 || slots[slot + 2] !== 0 || slots[slot + 3] !== 0
  )
}

function wordsOf(id: Uint8Array): Uint32Array {
  const view = new DataView(id.buffer, id.byteOffset, idOctets)
  return Uint32Array.of(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12))
}
