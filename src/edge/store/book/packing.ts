// SPDX-License-Identifier: Apache-2.0
/**
 * How changes travel to the book thread: one flat run of bytes for all changes of a tick.
 *
 * The two ends are threads of one process, so this form is never stored and has no version.
 */
import type { Cell, Row } from '../rows.ts'

/** One thing to be written: a record of the kind with this number, or an event (its number is `eventStep`). */
export interface Step {
  readonly kind: number
  readonly row: Row
}

/** The conflict of one change: which of its steps met which rule; null if it was written. */
export type Written = null | { readonly step: number; readonly rule: string }

/** The number in the place of a kind's that stands for an event, with the row [bytes, salt]. */
export const eventStep = 255

const tag = { nothing: 0, number: 1, text: 2, bytes: 3 } as const
const firstCapacity = 65_536
const maxByHand = 64

/** Gathers changes until they are taken. */
export class Packer {
  #bytes = new Uint8Array(firstCapacity)
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  readonly #text = new TextEncoder()

  add(steps: readonly Step[]): void {
    this.#number(steps.length)
    for (const { kind, row } of steps) {
      this.#number(kind)
      this.#number(row.length)
      for (const cell of row) this.#cell(cell)
    }
  }

  /** All that was added since the last taking, in a buffer of its own, to be transferred. */
  take(): ArrayBuffer {
    const taken = this.#bytes.buffer.slice(0, this.#at)
    this.#at = 0
    return taken
  }

  #cell(cell: Cell) {
    if (cell === null) this.#tag(tag.nothing)
    else if (typeof cell === 'number') {
      this.#tag(tag.number)
      this.#reserve(8)
      this.#view.setFloat64(this.#at, cell)
      this.#at += 8
    } else if (typeof cell === 'string') this.#string(cell)
    else {
      this.#tag(tag.bytes)
      this.#number(cell.length)
      this.#reserve(cell.length)
      this.#bytes.set(cell, this.#at)
      this.#at += cell.length
    }
  }

  #string(text: string) {
    this.#tag(tag.text)
    this.#reserve(4 + 3 * text.length) // a UTF-16 unit takes at most three octets of UTF-8
    const written = this.#ascii(text) ?? this.#utf8(text)
    this.#view.setUint32(this.#at, written)
    this.#at += 4 + written
  }

  /** Short and plain, as most are: by hand this takes a quarter of the encoder's time. */
  #ascii(text: string): number | undefined {
    if (text.length > maxByHand) return undefined
    const bytes = this.#bytes
    const start = this.#at + 4
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) return undefined
      bytes[start + index] = unit
    }
    return text.length
  }

  #utf8(text: string): number {
    return this.#text.encodeInto(text, this.#bytes.subarray(this.#at + 4)).written
  }

  #tag(value: number) {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  #number(value: number) {
    this.#reserve(4)
    this.#view.setUint32(this.#at, value)
    this.#at += 4
  }

  #reserve(count: number) {
    if (this.#at + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** The changes that were packed, each as its steps; byte cells are views of the buffer. */
export function unpack(buffer: ArrayBuffer): readonly (readonly Step[])[] {
  const bytes = Buffer.from(buffer)
  const changes: Step[][] = []
  let at = 0
  const number = () => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const cell = (): Cell => {
    const kind = bytes[at++]
    if (kind === tag.nothing) return null
    if (kind === tag.number) {
      at += 8
      return bytes.readDoubleBE(at - 8)
    }
    const length = number()
    at += length
    return kind === tag.text
      ? bytes.toString('utf8', at - length, at)
      : bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const steps: Step[] = []
    for (let left = number(); left > 0; left--) {
      const kind = number()
      const row: Cell[] = []
      for (let cells = number(); cells > 0; cells--) row.push(cell())
      steps.push({ kind, row })
    }
    changes.push(steps)
  }
  return changes
}
