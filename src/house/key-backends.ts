// SPDX-License-Identifier: Apache-2.0
/** The backends that keep the keys of this house, and which of them has which key. */
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import type { Custody, MadeKey, SignatureAsked, SigningKeys } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import type { Key } from '#core/ledger/tables.ts'
import { sameBytes } from '#format/bytes.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'

/** Where it stands how keys are kept there. */
const guides = {
  file: 'docs/guides/run.md',
  pkcs11: 'docs/guides/hsm.md',
  tpm: 'docs/guides/tpm-server.md',
} as const satisfies Record<Custody, string>

/** The record of a key, where it has one. */
export type RecordOf = (keyId: string) => Promise<Pick<Key, 'custody' | 'spki'> | undefined>

/** A backend with how it is doing. */
export interface BackendState extends BackendHealth {
  readonly kind: Custody
  readonly name: string
}

/**
 * Hands each signature to the backend that has the key: the one that its record names, else, as for the keys
 * of log and webhooks, which have no record, the first that has it.
 */
export class KeyBackends implements SigningKeys {
  readonly #backends: readonly KeyBackend[]
  readonly #recordOf: RecordOf
  /** A key never moves, so what was found once is true for ever. */
  readonly #keepers = new Map<string, KeyBackend>()
  /** Keys that were found to be those of their records. */
  readonly #compared = new Set<string>()

  /** @param backends the files first */
  constructor(backends: readonly [KeyBackend, ...KeyBackend[]], recordOf: RecordOf) {
    this.#backends = backends
    this.#recordOf = recordOf
  }

  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    const keeper = await this.#keeperOf(keyId)
    const signature = await keeper.sign(keyId, toBeSigned, asked)
    if (!this.#compared.has(keyId)) await this.#compare(keyId, keeper)
    return signature
  }

  async make(
    algorithm: KeyAlgorithmName,
    keyId: string,
    place: 'authority' | 'root' | 'log',
    custody: Custody = 'file',
  ): Promise<MadeKey> {
    const backend = this.#backends.find(({ kind }) => kind === custody)
    const unable = this.unable(algorithm, custody)
    if (backend === undefined || unable !== undefined) {
      const isAway = backend !== undefined && backend.health().state !== 'up'
      throw new Fault(isAway ? 'key-unreachable' : 'configuration-wrong', unable ?? custody)
    }
    const made = await backend.make(algorithm, keyId, place)
    // Who asked for hardware relies on it that nobody holds a copy.
    if (custody !== 'file' && made.facts.exportable !== false)
      throw new Fault('key-not-as-asked', `key ${keyId} in ${backend.name} can be taken out`)
    this.#keepers.set(keyId, backend)
    return made
  }

  async has(keyId: string): Promise<boolean> {
    return (await this.#holderOf(keyId)) !== undefined
  }

  async awayBecause(keyId: string): Promise<string | undefined> {
    const backend = await this.#keeperOf(keyId)
    const { state, because } = backend.health()
    return state === 'up' ? undefined : `${backend.name} is ${state}: ${because}`
  }

  /** Why no key of this algorithm can be made there; undefined: as far as is known now it can. */
  unable(algorithm: KeyAlgorithmName, custody: Custody): string | undefined {
    const backend = this.#backends.find(({ kind }) => kind === custody)
    if (backend === undefined)
      return `no ${custody} is configured here, so no key is kept in one: ${guides[custody]} says how`
    const { state, because } = backend.health()
    if (state !== 'up') return `${backend.name} is ${state}: ${because}`
    return backend.makes(algorithm) ? undefined : `${backend.name} makes no keys of ${algorithm}`
  }

  /** How each is doing, the files first. */
  states(): readonly BackendState[] {
    return this.#backends.map((backend) => ({
      ...{ kind: backend.kind, name: backend.name },
      ...backend.health(),
    }))
  }

  /** Each that cannot sign now, by name. */
  away(): readonly string[] {
    return this.states().flatMap(({ state, name }) => (state === 'up' ? [] : [name]))
  }

  /** Hears of each backend that went away or came back. */
  onChange(heard: (name: string) => void): void {
    for (const backend of this.#backends) backend.onChange(() => heard(backend.name))
  }

  async close(): Promise<void> {
    for (const backend of this.#backends) await backend.close()
  }

  async #keeperOf(keyId: string): Promise<KeyBackend> {
    const known = this.#keepers.get(keyId)
    if (known !== undefined) return known
    const custody = (await this.#recordOf(keyId))?.custody
    const keeper =
      custody === null || custody === undefined
        ? ((await this.#holderOf(keyId)) ?? this.#files)
        : this.#backends.find(({ name }) => name === custody)
    if (keeper === undefined)
      throw new Fault(
        'key-missing',
        `key ${keyId} is kept in ${custody}, which is not configured here`,
      )
    if (custody || (await keeper.has(keyId))) this.#keepers.set(keyId, keeper)
    return keeper
  }

  async #holderOf(keyId: string): Promise<KeyBackend | undefined> {
    for (const backend of this.#backends) if (await backend.has(keyId)) return backend
    return undefined
  }

  /** A key that was put in the place of another, as while no server ran, signs well, yet for nobody. */
  async #compare(keyId: string, keeper: KeyBackend): Promise<void> {
    const there = keeper.health().keys.find(({ id }) => id === keyId)?.spki
    const spki = (await this.#recordOf(keyId))?.spki
    if (there === undefined || spki === undefined) return
    if (!sameBytes(there, spki))
      throw new Fault(
        'key-not-as-asked',
        `key ${keyId} in ${keeper.name} is not that of its record`,
      )
    this.#compared.add(keyId)
  }

  /** They know best how to say that a key is missing. */
  get #files(): KeyBackend {
    const [files] = this.#backends
    if (files === undefined) throw new TypeError('a house keeps its keys somewhere')
    return files
  }
}
