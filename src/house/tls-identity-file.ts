// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import type { TlsIdentity } from '#edge/http/device-front.ts'
import { replaceFile } from '#edge/keystore/atomic-file.ts'
import type { Keystore } from '#edge/keystore/keystore.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'

const keyLabel = 'PRIVATE KEY'
const chainLabel = 'CERTIFICATE'

/**
 * Keeps the server's TLS identity: the chain in the open, its key sealed like every other key.
 *
 * The key's name follows from its certificate, and its file is there before the chain is: the chain
 * file alone decides which identity counts, whenever the power goes.
 */
export class TlsIdentityFile {
  readonly #directory: string
  readonly #keystore: Keystore
  readonly #random: Randomness
  readonly #name: string

  /** @param name of its chain file; its key's begins with `tls-`, and for another than `server` with more */
  constructor(directory: string, keystore: Keystore, random: Randomness, name = 'server') {
    this.#directory = directory
    this.#name = name
    this.#keystore = keystore
    this.#random = random
  }

  /** What was kept last; undefined if there is nothing, or nothing whole. */
  async read(): Promise<TlsIdentity | undefined> {
    const chain = await this.#readChain()
    const [leaf] = chain
    if (leaf === undefined || !this.#keystore.has(this.#keyIdOf(leaf))) return undefined
    const pkcs8 = await this.#reveal(this.#keyIdOf(leaf))
    return pkcs8 && { key: encodePem(keyLabel, pkcs8), chain }
  }

  /** Undefined if another node changed the passphrase meanwhile: then a new identity is made. */
  async #reveal(keyId: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#keystore.dangerouslyReveal(keyId)
    } catch (error) {
      if (error instanceof Fault && error.code === 'key-locked') return undefined
      throw error
    }
  }

  async write({ key, chain }: TlsIdentity): Promise<void> {
    const [leaf] = chain
    const pkcs8 = parsePem(key)[0]?.bytes
    if (leaf === undefined || pkcs8 === undefined)
      throw new TypeError('an identity has key and chain')
    const keyId = this.#keyIdOf(leaf)
    await this.#keystore.keep(keyId, pkcs8)
    const text = chain.map((der) => encodePem(chainLabel, der)).join('')
    await replaceFile(this.#path, new TextEncoder().encode(text), this.#random)
    await this.#discardOthers(keyId)
  }

  get #path(): string {
    return join(this.#directory, `${this.#name}.pem`)
  }

  async #readChain(): Promise<readonly Uint8Array[]> {
    try {
      return parsePem(await readFile(this.#path, 'utf8')).map(({ bytes }) => bytes)
    } catch (error) {
      // Not there, or not whole: another one is made.
      if (error instanceof FormatError || isMissing(error)) return []
      throw error
    }
  }

  async #discardOthers(keyId: string): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const id = name.replace(/\.key$/, '')
      const isOwn =
        id.startsWith(this.#prefix) && /^[0-9a-f]{16}$/.test(id.slice(this.#prefix.length))
      if (isOwn && id !== name && id !== keyId) await this.#keystore.discard(id)
    }
  }

  get #prefix(): string {
    return this.#name === 'server' ? 'tls-' : `tls-${this.#name}-`
  }

  #keyIdOf(leaf: Uint8Array): string {
    return this.#prefix + sha256(leaf).slice(0, 8).toHex()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
