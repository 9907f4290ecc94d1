// SPDX-License-Identifier: Apache-2.0
import {
  type AcmeProblem,
  type Directory,
  parseDirectory,
  parseProblem,
} from '#format/acme/messages.ts'
import { FormatError } from '#format/format-error.ts'
import { type Exchanged, exchange, printable, type Trust } from '../exchange.ts'
import { type AccountKey, type AccountSigner, signedBody } from './jws.ts'

/** Why a conversation went no further. */
export class AcmeTrouble extends Error {
  override readonly name = 'AcmeTrouble'
  /** `unreached`: nothing was heard. `cut`: something may have been. `refused`: it said no. */
  readonly kind: 'unreached' | 'cut' | 'refused'
  readonly problem: AcmeProblem | undefined

  constructor(kind: AcmeTrouble['kind'], words: string, problem?: AcmeProblem) {
    super(printable(words))
    this.kind = kind
    this.problem = problem
  }
}

export type Reply = Exchanged & { readonly kind: 'reply' }

export interface Account {
  readonly key: AccountKey
  readonly sign: AccountSigner
}

/** A nonce may be out of date however fresh it is: RFC 8555 section 6.5 asks to try again. */
const mostNonces = 10

/** One conversation with an ACME server: directory, nonces, signed requests. RFC 8555 section 6. */
export class AcmeSession {
  readonly #trust: Trust
  readonly #account: Account
  readonly #signal: AbortSignal
  readonly #address: string
  #directory: Directory | undefined
  #nonce: string | undefined
  #accountUrl: string | undefined

  constructor(address: string, account: Account, trust: Trust, signal: AbortSignal) {
    this.#address = address
    this.#account = account
    this.#trust = trust
    this.#signal = signal
  }

  /** @throws AcmeTrouble */
  async directory(): Promise<Directory> {
    if (this.#directory === undefined) {
      const { body } = await this.#exchange('GET', this.#address)
      this.#directory = readOr(() => parseDirectory(body))
    }
    return this.#directory
  }

  /** From now on requests name this account rather than its key. */
  set accountUrl(url: string) {
    this.#accountUrl = url
  }

  /**
   * POSTs a payload; none: POST-as-GET (section 6.3).
   *
   * @throws AcmeTrouble, with the problem where the server told one
   */
  async post(url: string, payload?: unknown): Promise<Reply> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#postOnce(url, payload)
      } catch (error) {
        const isNonce = error instanceof AcmeTrouble && error.problem?.type === 'badNonce'
        if (!isNonce || tries === mostNonces) throw error
      }
    }
  }

  async #postOnce(url: string, payload: unknown): Promise<Reply> {
    const nonce = this.#nonce ?? (await this.#freshNonce())
    this.#nonce = undefined
    const { key, sign } = this.#account
    const who = this.#accountUrl === undefined ? { jwk: key } : { kid: this.#accountUrl }
    const body = await signedBody({ ...who, nonce, url }, payload, sign)
    return this.#exchange('POST', url, body)
  }

  async #freshNonce(): Promise<string> {
    const { newNonce } = await this.directory()
    const { headers } = await this.#exchange('HEAD', newNonce)
    return nonceIn(headers) ?? fail('its answer has no nonce')
  }

  async #exchange(method: 'GET' | 'HEAD' | 'POST', address: string, body?: string): Promise<Reply> {
    const url = URL.parse(address)
    if (url === null) throw new AcmeTrouble('unreached', `${address} is no address`)
    const headers = {
      accept: 'application/json, application/pem-certificate-chain',
      ...(body !== undefined && { 'content-type': 'application/jose+json' }),
    }
    const question = { method, url, headers, ...(body !== undefined && { body }) }
    const replied = await exchange(question, this.#trust, this.#signal)
    if (replied.kind !== 'reply') throw new AcmeTrouble(replied.kind, replied.words)
    this.#nonce = nonceIn(replied.headers) ?? this.#nonce
    if (replied.status >= 200 && replied.status < 300) return replied
    const problem = parseProblem(replied.body)
    const words = `status ${replied.status}: ${problem.type}: ${problem.detail}`
    throw new AcmeTrouble('refused', words, problem)
  }
}

function nonceIn(headers: Reply['headers']): string | undefined {
  const value = headers['replay-nonce']
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,500}$/.test(value) ? value : undefined
}

/** What a server answers and nobody can read, breaks the conversation. */
export function readOr<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new AcmeTrouble('cut', error.message)
  }
}

function fail(words: string): never {
  throw new AcmeTrouble('cut', words)
}
