// SPDX-License-Identifier: Apache-2.0
import type { TpmCommand } from '#format/tpm/command/command.ts'
import { exchange, type TpmTransport } from '#format/tpm/command/exchange.ts'
import { listHandles } from '#format/tpm/command/inventory.ts'
import {
  createPrimary,
  evictControl,
  flushContext,
  load,
  readPublicArea,
} from '#format/tpm/command/objects.ts'
import { TpmError } from '#format/tpm/return-code.ts'
import { storageRootHandle, storageRootTemplate } from '#trust/tpm/templates.ts'
import type { WrappedKey } from './wrapped-key.ts'

/**
 * The keys that are loaded in a TPM, which has room for three of them where no resource manager stands before it:
 * the one that was not used for longest makes way.
 */
export class LoadedKeys {
  readonly #transport: TpmTransport
  /** Key id -> handle, the one used last at the end. */
  readonly #handles = new Map<string, number>()

  constructor(transport: TpmTransport) {
    this.#transport = transport
  }

  /** The handle of a key, which is loaded if need be. */
  async handleOf(keyId: string, key: WrappedKey): Promise<number> {
    const loaded = this.#handles.get(keyId) ?? (await this.#load(key))
    this.#handles.delete(keyId)
    this.#handles.set(keyId, loaded)
    return loaded
  }

  /** Begins anew after the TPM was away: what outlived that drops, or its room would be lost. */
  async dropLeft(): Promise<void> {
    const ours = new Set(this.#handles.values())
    this.#handles.clear()
    if (ours.size === 0) return
    const { handles } = await exchange(this.#transport, listHandles('transient'))
    for (const handle of handles)
      if (ours.has(handle)) await exchange(this.#transport, flushContext(handle))
  }

  /** Drops all that is loaded; what cannot be dropped is gone with the way to the TPM. */
  async dropAll(): Promise<void> {
    for (const handle of this.#handles.values())
      await exchange(this.#transport, flushContext(handle))
    this.#handles.clear()
  }

  async #load(key: WrappedKey): Promise<number> {
    return (await this.askWithRoom(load(storageRootHandle, key))).handle
  }

  /** Asks a command that needs room for one more object; keys make way until there is. */
  async askWithRoom<T>(command: TpmCommand<T>): Promise<T> {
    for (;;) {
      try {
        return await exchange(this.#transport, command)
      } catch (error) {
        if (!isOutOfRoom(error) || !(await this.#makeRoom())) throw error
      }
    }
  }

  /** Whether a key made way. */
  async #makeRoom(): Promise<boolean> {
    const [oldest] = this.#handles
    if (oldest === undefined) return false
    const [keyId, handle] = oldest
    this.#handles.delete(keyId)
    await exchange(this.#transport, flushContext(handle))
    return true
  }
}

function isOutOfRoom(error: unknown): boolean {
  return error instanceof TpmError && /_OBJECT_(MEMORY|HANDLES)$/.test(error.returnCode.name)
}

/** Makes the storage root key at its usual handle, if nobody made it yet. */
export async function ensureStorageRoot(transport: TpmTransport): Promise<void> {
  try {
    await exchange(transport, readPublicArea(storageRootHandle))
  } catch (error) {
    if (!(error instanceof TpmError && error.returnCode.name === 'TPM_RC_HANDLE')) throw error
    const { handle } = await exchange(transport, createPrimary('owner', storageRootTemplate))
    await exchange(transport, evictControl(handle, storageRootHandle))
    await exchange(transport, flushContext(handle))
  }
}
