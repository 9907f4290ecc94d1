// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Spool } from '#core/scan/walk/ports.ts'
import { FormatError } from '#format/format-error.ts'

/** What fits into it never touches a disk. */
const memoryOctets = 1_048_576

/** Memory of spools that were closed, for the next ones: each program in an archive has one. */
const free: Uint8Array[] = []
/** So many spools are open in each other, nearly always. */
const mostFree = 2

/**
 * Octets in memory, and in a temporary file when they are many.
 *
 * The file has no name from the moment it is there, so that nothing of an image stays behind, however the process
 * ends; and nobody else may read it.
 */
export class TemporarySpool implements Spool {
  #size = 0
  /** All of it, or what was read last of what lies on disk. */
  #memory: Uint8Array | undefined
  #descriptor: number | undefined

  get size(): number {
    return this.#size
  }

  async append(piece: Uint8Array): Promise<void> {
    this.#memory ??= free.pop() ?? new Uint8Array(memoryOctets)
    if (this.#descriptor === undefined && this.#size + piece.length <= memoryOctets)
      this.#memory.set(piece, this.#size)
    else {
      this.#descriptor ??= moveToDisk(this.#memory.subarray(0, this.#size))
      write(this.#descriptor, piece, this.#size)
    }
    this.#size += piece.length
  }

  async read(at: number, wanted: number): Promise<Uint8Array> {
    const length = Math.max(0, Math.min(wanted, this.#size - at))
    if (this.#memory === undefined) return new Uint8Array(0)
    if (this.#descriptor === undefined) return this.#memory.subarray(at, at + length)
    const window = length > memoryOctets ? new Uint8Array(length) : this.#memory.subarray(0, length)
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
    if (this.#memory !== undefined && free.length < mostFree) {
      this.#memory.fill(0, 0, this.#size)
      free.push(this.#memory)
    }
    this.#memory = undefined
  }
}

function moveToDisk(octets: Uint8Array): number {
  const descriptor = openNameless()
  write(descriptor, octets, 0)
  return descriptor
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
