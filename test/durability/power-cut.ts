// SPDX-License-Identifier: Apache-2.0
/** A disk that forgets: files as a power cut at some moment may leave them. */
import type { SystemCall } from './system-calls.ts'

/** The smallest piece that a disk writes whole. */
const sectorBytes = 512

type Names = ReadonlyMap<string, Inode>

/**
 * Follows system calls and knows, at each moment, what is certain to be on the disk.
 *
 * It is as strict as POSIX: the content of a file is certain after the file's own sync, its being
 * there (or being gone) after its directory's.
 */
export class ForgetfulDisk {
  #certain: Names = new Map()
  #names: Names = new Map()
  /** Makings and removals that are not certain yet: each the whole directory after it. */
  #pending: Names[] = []
  /** What a sync that has begun will have made certain at its end. */
  readonly #syncs = new Map<string, () => void>()

  apply(call: SystemCall): void {
    if (call.kind === 'create') this.#create(call.name)
    else if (call.kind === 'remove') this.#rename(call.name, undefined)
    else if (call.kind === 'write') this.#at(call.name).pend({ at: call.at, bytes: call.bytes })
    else if (call.kind === 'truncate') this.#at(call.name).pend({ length: call.length })
    else if (call.kind === 'sync-begins') this.#syncs.set(call.thread, this.#promise(call.name))
    else if (call.kind === 'sync-ends') this.#syncs.get(call.thread)?.()
  }

  /** The files as they are for running processes: what a crash of the process alone leaves. */
  asSeen(): Map<string, Uint8Array> {
    return new Map([...this.#names].map(([name, inode]) => [name, inode.with(() => 'kept')]))
  }

  /** The files after a power cut; `fate` says for each uncertain write whether it reached the disk. */
  afterPowerCut(fate: () => 'lost' | 'kept' | 'torn'): Map<string, Uint8Array> {
    let names = this.#certain
    for (const later of this.#pending) {
      if (fate() !== 'kept') break // a file system journals its directories in order
      names = later
    }
    return new Map([...names].map(([name, inode]) => [name, inode.with(fate)]))
  }

  #create(name: string) {
    if (!this.#names.has(name)) this.#rename(name, new Inode())
  }

  #rename(name: string, inode: Inode | undefined) {
    const names = new Map(this.#names)
    if (inode === undefined) names.delete(name)
    else names.set(name, inode)
    this.#names = names
    this.#pending.push(names)
  }

  #at(name: string): Inode {
    const inode = this.#names.get(name)
    if (inode === undefined) throw new Error(`a write to ${name}, which nobody made`)
    return inode
  }

  #promise(name: string): () => void {
    if (name !== '') return this.#at(name).beginSync()
    const names = this.#names
    return () => {
      this.#certain = names
      this.#pending = this.#pending.slice(this.#pending.indexOf(names) + 1)
    }
  }
}

type Edit = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number }

class Inode {
  #certain: Uint8Array = new Uint8Array()
  #pending: Edit[] = []

  pend(edit: Edit) {
    this.#pending.push(edit)
  }

  /** What was written before the sync began is certain at its end. */
  beginSync(): () => void {
    const last = this.#pending.at(-1)
    return () => {
      const covered = last === undefined ? 0 : this.#pending.indexOf(last) + 1
      for (const edit of this.#pending.splice(0, covered))
        this.#certain = edited(this.#certain, edit)
    }
  }

  with(fate: () => 'lost' | 'kept' | 'torn'): Uint8Array {
    let bytes: Uint8Array = this.#certain.slice()
    for (const edit of this.#pending) {
      const happened = fate()
      if (happened === 'kept') bytes = edited(bytes, edit)
      else if (happened === 'torn' && 'bytes' in edit)
        bytes = edited(bytes, { at: edit.at, bytes: edit.bytes.subarray(0, sectorBytes) })
    }
    return bytes
  }
}

/** The bytes with the edit; they are changed in place where it fits. */
function edited(bytes: Uint8Array, edit: Edit): Uint8Array {
  if ('length' in edit) {
    const result = new Uint8Array(edit.length)
    result.set(bytes.subarray(0, edit.length))
    return result
  }
  const end = edit.at + edit.bytes.length
  const result = end > bytes.length ? new Uint8Array(end) : bytes
  if (result !== bytes) result.set(bytes)
  result.set(edit.bytes, edit.at)
  return result
}
