// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SignatureAsked } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import {
  encodePrivateKey,
  generateKey,
  type KeyPair,
  parsePrivateKey,
  sign,
} from '#trust/private-key.ts'
import { moveFile, removeFile, replaceFile, writeNewFile } from './atomic-file.ts'
import { type Cost, Derivations, usualCost } from './derivation.ts'
import { isKeyId, keysIn, nextPathOf, pathIn, readKeyFile } from './key-directory.ts'
import { damaged, openKey, parseKeyFile, type SealedKey, sealKey } from './key-file.ts'
import type { Passphrase } from './passphrase.ts'

/** Where keys rest; `root` may be on a medium that is taken away. */
export interface Places {
  readonly keys: string
  readonly root: string
  /** Where the keys of authorities and log are if several nodes share them; `keys` then has the node's own. */
  readonly shared?: SharedShelf
}

/** The texts of key files by key id, beyond this machine; each method as a database does it. */
export interface SharedShelf {
  names(): Promise<readonly string[]>
  read(name: string): Promise<string | undefined>
  /** False if the name is taken. */
  add(name: string, text: string): Promise<boolean>
  /** All of them or none. */
  replace(texts: ReadonlyMap<string, string>): Promise<void>
  remove(name: string): Promise<void>
}

/** In the directory of keys: all files of a change of passphrase are written, so they are to be used. */
const changeMark = 'passphrase-change'

/**
 * Private keys in encrypted files, one each; opened when first used, held as `KeyObject`s in memory.
 *
 * Root keys are opened anew for every signature, so that taking the directory away takes the keys away.
 * Several nodes share the other keys of the installation: then they lie, as the same texts, in the
 * database, and a node needs nothing but the passphrase.
 */
export class Keystore {
  readonly #places: Places
  readonly #random: Randomness
  readonly #cost: Cost
  readonly #open = new Map<string, Promise<KeyPair>>()
  #derivations: Derivations
  /** The salt of the directory that new files share, so that one derivation opens all. */
  #salt: Uint8Array | undefined
  /** The shared keys that are known to be there; others may have come since. */
  readonly #shared = new Set<string>()

  /** `openKeystore` makes one. */
  constructor(places: Places, passphrase: Passphrase, random: Randomness, cost: Cost) {
    this.#places = places
    this.#random = random
    this.#cost = cost
    this.#derivations = new Derivations(passphrase)
  }

  /** @throws Fault `key-missing`, `key-locked`, `key-damaged` */
  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    const pair = await this.#pair(keyId)
    if (asked !== undefined) {
      const { signAsAsked } = await import('./sign-as-asked.ts')
      return signAsAsked(pair, toBeSigned, asked, this.#random)
    }
    return sign(pair.privateKey, signatureAlgorithmFor(pair.publicKey.algorithm), toBeSigned)
  }

  /**
   * Makes a key under this id, never in the place of one that is there; gives its SubjectPublicKeyInfo, DER.
   *
   * @throws Fault `store-full`, `store-unreachable`
   * @throws TypeError if the key is there already, or the id cannot name a file
   */
  async make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
  ): Promise<Uint8Array> {
    if (!isKeyId(keyId)) throw new TypeError(`"${keyId}" cannot name a key`)
    if (this.has(keyId)) throw new TypeError(`key ${keyId} is there already`)
    const pair = await generateKey(algorithm)
    await this.#put(keyId, pair, place)
    if (place !== 'root') this.#open.set(keyId, Promise.resolve(pair))
    return pair.publicKey.spki
  }

  /** Of shared keys those that this node has met, or that were there at the last `refresh`. */
  has(keyId: string): boolean {
    return this.#find(keyId) !== undefined || this.#shared.has(keyId)
  }

  /** Looks which keys other nodes have made. */
  async refresh(): Promise<void> {
    for (const name of (await this.#places.shared?.names()) ?? []) this.#shared.add(name)
  }

  /**
   * Keeps a key that was made elsewhere in this process: this node's own, or an authority's.
   *
   * @param pkcs8 PKCS #8, DER; the caller's, not changed
   * @throws TypeError if the key is there already, or the bytes are no key of ours
   */
  async keep(
    keyId: string,
    pkcs8: Uint8Array,
    place: 'node' | 'authority' | 'root' = 'node',
  ): Promise<void> {
    if (!isKeyId(keyId) || this.has(keyId)) throw new TypeError(`"${keyId}" cannot name a new key`)
    const key = await parsePrivateKey(pkcs8)
    if (key.kind === 'refused') throw new TypeError(key.detail)
    await this.#put(keyId, key.pair, place)
  }

  async #put(
    keyId: string,
    pair: KeyPair,
    place: 'node' | 'authority' | 'root' | 'log',
  ): Promise<void> {
    this.#salt ??= this.#random.bytes(16)
    const [salt, cost, derivations] = [this.#salt, this.#cost, this.#derivations]
    const text = await sealPair(keyId, pair, salt, cost, derivations, this.#random)
    const { shared } = this.#places
    if (shared !== undefined && (place === 'authority' || place === 'log')) {
      if (!(await shared.add(keyId, text))) throw new TypeError(`key ${keyId} is there already`)
      this.#shared.add(keyId)
      return
    }
    const directory = place === 'root' ? this.#places.root : this.#places.keys
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeNewFile(pathIn(directory, keyId), encode(text), this.#random)
  }

  /**
   * The key itself, PKCS #8, DER: for the server's TLS key alone, which Node takes in no other form.
   *
   * @throws Fault as `sign` does
   */
  async dangerouslyReveal(keyId: string): Promise<Uint8Array> {
    return encodePrivateKey((await this.#pair(keyId)).privateKey)
  }

  /** SubjectPublicKeyInfo, DER. @throws Fault as `sign` does */
  async publicKey(keyId: string): Promise<Uint8Array> {
    return (await this.#pair(keyId)).publicKey.spki
  }

  /** Removes a key for good. Nothing happens if it is not there. */
  async discard(keyId: string): Promise<void> {
    this.#open.delete(keyId)
    const file = this.#find(keyId)
    if (file !== undefined) await removeFile(file.path)
    else if (this.#shared.delete(keyId)) await this.#places.shared?.remove(keyId)
  }

  /**
   * Opens one key, whichever comes first: tells at the start whether the passphrase is right.
   *
   * @throws Fault `key-locked`, `key-damaged`
   */
  async checkPassphrase(): Promise<void> {
    await this.refresh()
    const first = this.#shared.values().next().value ?? (await this.#ids())[0]
    if (first !== undefined) await this.#pair(first)
  }

  /**
   * Seals every key anew under another passphrase, and uses that from now on.
   *
   * Power may fail at any moment: until all new files are written the old passphrase opens every key,
   * after that the new one does, also a key whose new file was not put in place yet.
   *
   * Shared keys change all at once; the other nodes take the new passphrase at their next
   * start, at which each makes itself a new TLS key.
   *
   * @returns the ids of the keys; those of a root directory that was taken away keep the old passphrase
   */
  async changePassphrase(next: Passphrase): Promise<readonly string[]> {
    const ids = await this.#ids()
    const keys = await Promise.all(
      ids.map(async (id) => ({ id, pair: await this.#pair(id), path: this.#path(id) })),
    )
    const sharedIds = (await this.#places.shared?.names()) ?? []
    const sharedKeys = await Promise.all(
      sharedIds.map(async (id) => ({ id, pair: await this.#pair(id) })),
    )
    await mkdir(this.#places.keys, { recursive: true, mode: 0o700 })
    const mark = join(this.#places.keys, changeMark)
    await removeFile(mark)
    const derivations = new Derivations(next)
    const salt = this.#random.bytes(16)
    const texts = new Map<string, string>()
    for (const { id, pair } of sharedKeys) {
      texts.set(id, await sealPair(id, pair, salt, this.#cost, derivations, this.#random))
    }
    for (const { id, pair, path } of keys) {
      const text = await sealPair(id, pair, salt, this.#cost, derivations, this.#random)
      await replaceFile(nextPathOf(path), encode(text), this.#random)
    }
    await writeNewFile(mark, new Uint8Array(), this.#random)
    // Whichever passphrase opens the shared keys after a crash opens the files beside them, too.
    await this.#places.shared?.replace(texts)
    this.#derivations = derivations
    this.#salt = salt
    for (const { path } of keys) await moveFile(nextPathOf(path), path)
    return [...sharedIds, ...ids]
  }

  async #ids(): Promise<readonly string[]> {
    return [...(await keysIn(this.#places.keys)), ...(await keysIn(this.#places.root))]
  }

  #pair(keyId: string): Promise<KeyPair> {
    const held = this.#open.get(keyId)
    if (held !== undefined) return held
    // A copy that lies in the directory still, as after a move of the store, counts no more.
    const file = this.#shared.has(keyId) ? undefined : this.#find(keyId)
    const pair = file === undefined ? this.#loadShared(keyId) : this.#load(keyId, file.path)
    if (file?.isRoot) return pair
    this.#open.set(keyId, pair)
    // A key that could not be opened is tried again: the file may be mended meanwhile.
    pair.catch(() => this.#open.delete(keyId))
    return pair
  }

  async #loadShared(keyId: string): Promise<KeyPair> {
    const text = isKeyId(keyId) ? await this.#places.shared?.read(keyId) : undefined
    if (text === undefined) throw new Fault('key-missing', `there is no file of key ${keyId}`)
    this.#shared.add(keyId)
    return this.#unseal(parseKeyFile(text, keyId))
  }

  async #load(keyId: string, path: string): Promise<KeyPair> {
    const file = parseKeyFile(await readKeyFile(keyId, path), keyId)
    try {
      return await this.#unseal(file)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'key-locked') throw error
      return (await this.#finishChange(keyId, path)) ?? Promise.reject(error)
    }
  }

  /** Puts in place what a change of passphrase, cut off by a crash, left beside the file. */
  async #finishChange(keyId: string, path: string): Promise<KeyPair | undefined> {
    const nextPath = nextPathOf(path)
    if (!existsSync(join(this.#places.keys, changeMark)) || !existsSync(nextPath)) return undefined
    const pair = await this.#unseal(parseKeyFile(await readKeyFile(keyId, nextPath), keyId))
    await moveFile(nextPath, path)
    return pair
  }

  async #unseal(file: SealedKey): Promise<KeyPair> {
    const { keyId, algorithm, salt } = file.header
    const pkcs8 = await openKey(file, this.#derivations)
    const key = await parsePrivateKey(pkcs8)
    pkcs8.fill(0)
    if (key.kind === 'refused') throw damaged(keyId, key.detail)
    const found = key.pair.publicKey.algorithm
    if (found !== algorithm) throw damaged(keyId, `it says ${algorithm} and holds ${found}`)
    this.#salt ??= Uint8Array.fromHex(salt)
    return key.pair
  }

  #path(keyId: string): string {
    const file = this.#find(keyId)
    if (file === undefined) throw new Fault('key-missing', `there is no file of key ${keyId}`)
    return file.path
  }

  #find(keyId: string): { path: string; isRoot: boolean } | undefined {
    if (!isKeyId(keyId)) return undefined
    const path = pathIn(this.#places.keys, keyId)
    if (existsSync(path)) return { path, isRoot: false }
    const rootPath = pathIn(this.#places.root, keyId)
    return existsSync(rootPath) ? { path: rootPath, isRoot: true } : undefined
  }
}

/**
 * Opens the key store of a data directory, and checks the passphrase if there is a key to check it on.
 *
 * @param cost what each derivation costs for new files; files that are there say their own
 * @throws Fault `key-locked` if the passphrase is wrong, `key-damaged` if the first key file is damaged
 */
export async function openKeystore(
  places: Places,
  passphrase: Passphrase,
  random: Randomness,
  cost: Cost = usualCost,
): Promise<Keystore> {
  const keystore = new Keystore(places, passphrase, random, cost)
  await keystore.checkPassphrase()
  return keystore
}

async function sealPair(
  keyId: string,
  { privateKey, publicKey }: KeyPair,
  salt: Uint8Array,
  cost: Cost,
  derivations: Derivations,
  random: Randomness,
): Promise<string> {
  const pkcs8 = encodePrivateKey(privateKey)
  const key = { keyId, algorithm: publicKey.algorithm, pkcs8 }
  const text = await sealKey(key, salt, cost, derivations, random)
  pkcs8.fill(0)
  return text
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
