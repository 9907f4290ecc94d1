// SPDX-License-Identifier: Apache-2.0
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import type { MadeKey, SignatureAsked } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import type { TpmCommand } from '#format/tpm/command/command.ts'
import type { TpmTransport } from '#format/tpm/command/exchange.ts'
import { listProperties, properties } from '#format/tpm/command/inventory.ts'
import { create } from '#format/tpm/command/objects.ts'
import { sign } from '#format/tpm/command/signing.ts'
import { TpmError } from '#format/tpm/return-code.ts'
import { signatureOctets } from '#format/tpm/structure/signature.ts'
import type { KeyAlgorithmName, SignatureAlgorithm } from '#trust/algorithms.ts'
import { digestAsked, signatureAlgorithmAsked } from '#trust/digest-signature.ts'
import { tpmDigest } from '#trust/tpm/name.ts'
import {
  signingKeyTemplates,
  storageRootHandle,
  type TpmSigningAlgorithm,
} from '#trust/tpm/templates.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import { identityOf, isLockedOut } from './identity.ts'
import { ensureStorageRoot, LoadedKeys } from './loaded-keys.ts'
import { encodeWrapped, readWrapped, type WrappedKey, wrappedFrom } from './wrapped-key.ts'

/** Where the files of keys stand. They are of use to the one TPM that made them. */
export interface TpmShelf {
  ids(): Promise<readonly string[]>
  /** The text of a file, or undefined. */
  read(keyId: string): Promise<string | undefined>
  /** MUST resolve only when the file survives a crash, and MUST NOT replace one that is there. */
  write(keyId: string, text: string): Promise<void>
}

export interface TpmBackendPorts {
  /** Takes one command after the other; rejects in bounded time, and comes back by itself. */
  readonly transport: TpmTransport
  readonly shelf: TpmShelf
  /** Hears of each time that the TPM went away or came back; MUST NOT throw. */
  readonly report: (what: string, because: string) => void
  /** Milliseconds between looks at a TPM that is there, that is away, that is locked. */
  readonly looks?: Looks
  close(): Promise<void>
}

interface Looks {
  readonly up: number
  readonly away: number
  readonly locked: number
}

const usualLooks: Looks = { up: 10_000, away: 2_000, locked: 60_000 }

/** A TPM makes some hundred signatures a second; more than this would wait for longer than a device does. */
const mostWaiting = 500

/** One signature, as it is to be made. */
interface SigningTask {
  readonly algorithm: SignatureAlgorithm
  readonly over: SignatureAsked['over']
  readonly toBeSigned: Uint8Array
}

/** Keys in the TPM of this machine: made inside, under its storage root key, and of use nowhere else. */
export class TpmBackend implements KeyBackend {
  readonly kind = 'tpm'
  readonly name: string
  readonly #ports: TpmBackendPorts
  readonly #looks: Looks
  readonly #loaded: LoadedKeys
  readonly #keys = new Map<string, WrappedKey>()
  readonly #counts = new Map<string, number>()
  readonly #heard: (() => void)[] = []
  #state: BackendHealth['state'] = 'away'
  #because: string | undefined = 'it was not opened yet'
  #identity: Readonly<Record<string, string>> = {}
  #signatures = 0
  #failures = 0
  #restarts = 0
  #waiting = 0
  /** Commands of one signature follow each other: another would push its key out of the TPM. */
  #last: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** @param name as people call this TPM; the custody of its keys is `tpm NAME` */
  constructor(name: string, ports: TpmBackendPorts) {
    this.name = `tpm ${name}`
    this.#ports = ports
    this.#looks = ports.looks ?? usualLooks
    this.#loaded = new LoadedKeys(ports.transport)
  }

  /** Resolves once the TPM was opened, or was found away; it is looked for by itself then. */
  async open(): Promise<void> {
    for (const keyId of await this.#ports.shelf.ids()) await this.#find(keyId)
    await this.#look()
  }

  makes(algorithm: KeyAlgorithmName): boolean {
    return Object.hasOwn(signingKeyTemplates, algorithm)
  }

  async make(algorithm: KeyAlgorithmName, keyId: string): Promise<MadeKey> {
    this.#needUp()
    if (!isAble(algorithm)) throw new Fault('configuration-wrong', `a TPM makes no ${algorithm}`)
    const made = await this.#inTurn(() =>
      this.#ask(create(storageRootHandle, signingKeyTemplates[algorithm])),
    )
    const key = wrappedFrom(made.public, made.private, made.publicBytes)
    if (key.flaw !== undefined || key.publicKey.algorithm !== algorithm)
      throw new Fault(
        'key-not-as-asked',
        `${this.name} made ${key.flaw ?? key.publicKey.algorithm}`,
      )
    // Loading proves that the TPM has its private half, before anybody relies on it.
    await this.#inTurn(() => this.#prove(keyId, key))
    await this.#ports.shelf.write(keyId, encodeWrapped(made, storageRootHandle))
    this.#keys.set(keyId, key)
    const { spki } = key.publicKey
    return {
      spki,
      facts: {
        ...{ origin: 'server', protection: 'tpm', exportable: false },
        ...{ moduleCertificate: null, custody: this.name },
      },
    }
  }

  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    this.#needUp()
    if (this.#waiting >= mostWaiting)
      throw this.#unreachable(`${this.#waiting} signatures wait for it already`)
    const key = this.#keys.get(keyId) ?? (await this.#find(keyId))
    if (key === undefined)
      throw new Fault('key-missing', `there is no file of key ${keyId} for ${this.name}`)
    if (key.flaw !== undefined)
      throw new Fault('key-not-as-asked', `${this.name} has ${key.flaw} as ${keyId}`)
    this.#waiting++
    try {
      const algorithm =
        asked === undefined
          ? key.algorithm
          : signatureAlgorithmAsked(asked.algorithm, key.publicKey)
      const task = { toBeSigned, algorithm, over: asked?.over ?? 'message' } as const
      const made = await this.#inTurn(() => this.#signNow(keyId, key, task))
      // Checked while the TPM makes the next one.
      const signature = await this.#check(made, keyId, key, task)
      this.#signatures++
      this.#counts.set(keyId, (this.#counts.get(keyId) ?? 0) + 1)
      return signature
    } finally {
      this.#waiting--
    }
  }

  async has(keyId: string): Promise<boolean> {
    return this.#keys.has(keyId)
  }

  health(): BackendHealth {
    return {
      ...{ state: this.#state, because: this.#because, restarts: this.#restarts },
      ...{ signatures: this.#signatures, failures: this.#failures, waiting: this.#waiting },
      keys: [...this.#keys].map(([id, { flaw, publicKey }]) => ({
        ...{
          id,
          exportable: false,
          flaw,
          spki: publicKey.spki,
          signatures: this.#counts.get(id) ?? 0,
        },
      })),
      facts: this.#identity,
    }
  }

  onChange(heard: () => void): void {
    this.#heard.push(heard)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#last
    if (this.#state !== 'away') await this.#loaded.dropAll().catch(() => {}) // gone with the way to it
    await this.#ports.close()
  }

  async #signNow(
    keyId: string,
    key: WrappedKey,
    { toBeSigned, algorithm, over }: SigningTask,
  ): Promise<Uint8Array> {
    const { digest, name, saltOctets } = algorithm
    // It is given no length: which salt it makes is its maker's choice, and the one that is checked is the digest's.
    if (digest === null || saltOctets === 'longest')
      throw new TypeError(`a TPM does not sign by ${name}`)
    const handle = await this.#handleOf(keyId, key)
    if (over === 'digest') digestAsked(algorithm, toBeSigned)
    const hashed = over === 'digest' ? toBeSigned : tpmDigest(digest, toBeSigned)
    const signed = await this.#ask(
      sign(handle, hashed, { name: schemeOf(algorithm), hash: digest }),
    )
    return signatureOctets(signed)
  }

  /** A TPM that errs, or is made to, gives its key away by one wrong signature. */
  async #check(
    signature: Uint8Array,
    keyId: string,
    { publicKey }: WrappedKey,
    { toBeSigned, algorithm, over }: SigningTask,
  ): Promise<Uint8Array> {
    if (await verifyOver(over, algorithm, publicKey, toBeSigned, signature)) return signature
    this.#failures++
    throw new Fault('key-not-as-asked', `${this.name} signs wrongly with key ${keyId}`)
  }

  async #prove(keyId: string, key: WrappedKey): Promise<void> {
    const { algorithm, publicKey } = key
    const task = { toBeSigned: publicKey.fingerprint, algorithm, over: 'message' } as const
    await this.#check(await this.#signNow(keyId, key, task), keyId, key, task)
  }

  async #handleOf(keyId: string, key: WrappedKey): Promise<number> {
    try {
      return await this.#loaded.handleOf(keyId, key)
    } catch (error) {
      if (error instanceof TpmError && error.returnCode.name === 'TPM_RC_INTEGRITY')
        throw new Fault('key-missing', `key ${keyId} was made by another TPM than ${this.name}`, {
          cause: error,
        })
      throw this.#failed(error)
    }
  }

  async #ask<T>(command: TpmCommand<T>): Promise<T> {
    try {
      return await this.#loaded.askWithRoom(command)
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** A TPM that is locked is left alone; one that cannot be asked, or answers wrongly, is away. */
  #failed(error: unknown): Fault {
    if (error instanceof Fault) return error
    this.#failures++
    const because = error instanceof Error ? error.message : String(error)
    if (error instanceof TpmError && error.returnCode.name === 'TPM_RC_LOCKOUT') {
      this.#rest('stopped', because)
      return new Fault('key-locked', `${this.name} is locked: ${because}`, { cause: error })
    }
    if (error instanceof TpmError && /_(VALUE|KEY_SIZE|CURVE|HASH)$/.test(error.returnCode.name))
      return new Fault('configuration-wrong', `${this.name}: ${because}`, { cause: error })
    this.#rest('away', because)
    return this.#unreachable(because, error)
  }

  #needUp(): void {
    if (this.#state === 'up') return
    this.#failures++
    if (this.#state === 'stopped')
      throw new Fault('key-locked', `${this.name} is stopped: ${this.#because}`)
    throw this.#unreachable(this.#because ?? 'it was not opened yet')
  }

  #unreachable(because: string, cause?: unknown): Fault {
    return new Fault('key-unreachable', `${this.name} cannot sign: ${because}`, { cause })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {}) // told to who asked for it
    return done
  }

  async #find(keyId: string): Promise<WrappedKey | undefined> {
    const text = await this.#ports.shelf.read(keyId)
    if (text === undefined) return undefined
    const key = readWrapped(keyId, text)
    this.#keys.set(keyId, key)
    return key
  }

  /** Whether the TPM is there, by a question that uses no key; and again after a while. */
  async #look(): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#inTurn(() => this.#greet())
    } catch (error) {
      if (!(error instanceof Fault)) throw error
    }
    if (this.#state === 'up') this.#again(this.#looks.up)
  }

  async #greet(): Promise<void> {
    const read = await this.#ask(listProperties(properties.family))
    const locked = isLockedOut(await this.#ask(listProperties(properties.permanent)))
    if (locked) {
      this.#rest('stopped', 'the TPM is locked after too many wrong authorisations')
      throw new Fault('key-locked', `${this.name} is locked`)
    }
    if (this.#state === 'up') return
    try {
      await this.#loaded.dropLeft()
      await ensureStorageRoot(this.#ports.transport)
    } catch (error) {
      throw this.#failed(error)
    }
    this.#identity = identityOf(read)
    if (this.#because !== 'it was not opened yet') this.#restarts++
    this.#become('up', undefined)
  }

  #rest(state: 'away' | 'stopped', because: string): void {
    this.#become(state, because)
    this.#again(state === 'stopped' ? this.#looks.locked : this.#looks.away)
  }

  #again(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#look(), milliseconds)
    this.#timer.unref()
  }

  #become(state: BackendHealth['state'], because: string | undefined): void {
    const isNews = this.#state !== state
    this.#state = state
    this.#because = because
    if (!isNews) return
    this.#ports.report(`${this.name} is ${state}`, because ?? '')
    for (const heard of this.#heard) heard()
  }
}

function isAble(algorithm: KeyAlgorithmName): algorithm is TpmSigningAlgorithm {
  return Object.hasOwn(signingKeyTemplates, algorithm)
}

function schemeOf({ name, saltOctets }: SignatureAlgorithm): 'ecdsa' | 'rsassa' | 'rsapss' {
  if (name.startsWith('ecdsa')) return 'ecdsa'
  return saltOctets === null ? 'rsassa' : 'rsapss'
}
