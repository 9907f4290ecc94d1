// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { BlockBuilder } from '#core/status-files/refresh-blocks.ts'
import { encodeBase, parseBase } from '#format/compact-status/block.ts'
import type { BlockRows, BuiltBlock } from '#trust/compact-status/build-block.ts'

type PackedChanges = BuiltBlock['changes']

/** Bytes of their own: what is cloned is a whole buffer, and views would take files along. */
export interface BlockRequest {
  readonly rows: BlockRows
  readonly seed: Uint8Array
  readonly old: { readonly base: Uint8Array; readonly changes: PackedChanges } | undefined
}

export type BlockReply =
  | { readonly base: Uint8Array; readonly changes: PackedChanges }
  | { readonly broken: string }

interface Waiter {
  readonly resolve: (reply: BlockReply) => void
  readonly reject: (fault: Fault) => void
}

/** Enough for the rows of a block of any size that we make, many times over. */
const heapMegabytes = 512

/** Builds blocks on a thread of its own, which is started by the first one and holds nothing in between. */
export class ThreadedBlockBuilder {
  readonly #waiters: Waiter[] = []
  #thread: Worker | undefined

  readonly build: BlockBuilder = async (rows, seed, old) => {
    const reply = await this.#ask({
      ...{ rows, seed },
      old: old && { base: encodeBase(old.base), changes: copied(old.changes) },
    })
    if ('broken' in reply)
      throw new Fault('ledger-damaged', `a block cannot be built: ${reply.broken}`)
    return { base: parseBase(reply.base), changes: reply.changes }
  }

  #ask(request: BlockRequest): Promise<BlockReply> {
    return new Promise((resolve, reject) => {
      this.#thread ??= this.#start()
      this.#waiters.push({ resolve, reject })
      this.#thread.ref()
      this.#thread.postMessage(request)
    })
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('block-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    thread.on('message', (reply: BlockReply) => {
      this.#waiters.shift()?.resolve(reply)
      if (this.#waiters.length === 0) thread.unref()
    })
    thread.on('error', (cause) => this.#lose(cause))
    thread.on('exit', () => this.#lose(undefined))
    return thread
  }

  #lose(cause: unknown): void {
    this.#thread = undefined
    const fault = new Fault('store-unreachable', 'the thread that builds status files has ended', {
      cause,
    })
    for (const waiter of this.#waiters.splice(0)) waiter.reject(fault)
  }
}

function copied(changes: PackedChanges): PackedChanges {
  if (changes === undefined) return undefined
  const { salt, width, entries } = changes
  return { salt: salt.slice(), width, entries: entries.slice() }
}
