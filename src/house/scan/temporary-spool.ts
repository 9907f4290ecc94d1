// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Spool } from '#core/scan/walk/ports.ts'
import { FormatError } from '#format/format-error.ts'

/** What fits into it never touches a disk. */
const memoryOctets = 1_048_576

/**
 * Octets in memory, and in a temporary file when they are many.
 *
 * The file has no name from the moment it is there, so that nothing of an image stays behind, however the process
 * ends; and nobody else may read it.
 */
export class TemporarySpool implements Spool {
  #size = 0
  #memory = new Uint8Array(65_536)
  #descriptor: number | undefined
  #window: Uint8Array = new Uint8Array(0)

  get size(): number {
    return this.#size
  }

  async append(piece: Uint8Array): Promise<void> {
    if (this.#descriptor === undefined && this.#size + piece.length <= memoryOctets) {
      if (this.#size + piece.length > this.#memory.length) this.#grow(this.#size + piece.length)
      this.#memory.set(piece, this.#size)
    } else {
      this.#descriptor ??= this.#moveToDisk()
      write(this.#descriptor, piece, this.#size)
    }
    this.#size += piece.length
  }

  async read(at: number, wanted: number): Promise<Uint8Array> {
    const length = Math.max(0, Math.min(wanted, this.#size - at))
    if (this.#descriptor === undefined) return this.#memory.subarray(at, at + length)
    if (this.#window.length < length) this.#window = new Uint8Array(Math.max(65_536, length))
    const window = this.#window.subarray(0, length)
    for (let done = 0; done < length; ) {
      const read = readSync(this.#descriptor, window, done, length - done, at + done)
      if (read === 0) throw new FormatError('truncated', at + done, 'the temporary file is shorter')
      done += read
    }
    return window
  }

  async close(): Promise<void> {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
    this.#memory = new Uint8Array(0)
  }

  #grow(least: number): void {
    const grown = new Uint8Array(Math.min(memoryOctets, Math.max(least, this.#memory.length * 4)))
    grown.set(this.#memory.subarray(0, this.#size))
    this.#memory = grown
  }

  #moveToDisk(): number {
    const descriptor = openNameless()
    write(descriptor, this.#memory.subarray(0, this.#size), 0)
    this.#memory = new Uint8Array(0)
    return descriptor
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `vitalsign-scan-${randomUUID()}`)
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  unlinkSync(path)
  return descriptor
}

function write(descriptor: number, piece: Uint8Array, at: number): void {
  try {
    for (let done = 0; done < piece.length; )
      done += writeSync(descriptor, piece, done, piece.length - done, at + done)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new FormatError('too-large', at, `no room in the temporary directory: ${code}`)
  }
}
