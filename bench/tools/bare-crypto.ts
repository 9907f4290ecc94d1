// SPDX-License-Identifier: Apache-2.0
/**
 * The limit of issuance: nothing but one signature verified and one made, by all cores.
 *
 * Two ways, of which the faster counts: Node's own pool, and a thread for each core that calls the
 * synchronous functions in a loop, which costs least but serves nobody.
 */
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { atOnce, meter } from './meter.ts'

/** The device's request is of P-256; what its issuer signs with varies. */
export interface Bare {
  readonly pool: number
  readonly threads: number
}

const octets = 400
const poolSize = 64

export class BareCrypto {
  readonly #device = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #issuer: KeyObject
  readonly #digest: string
  readonly #data = new Uint8Array(octets)
  readonly #signature: Uint8Array

  constructor(curve: 'P-256' | 'P-384') {
    this.#issuer = generateKeyPairSync('ec', { namedCurve: curve }).privateKey
    this.#digest = curve === 'P-256' ? 'sha256' : 'sha384'
    this.#signature = sign('sha256', this.#data, this.#device.privateKey)
  }

  /** Verifications with a signature each, per second. */
  async measure(count: number): Promise<Bare> {
    return { pool: await this.#pool(count), threads: await this.#threads(count) }
  }

  async #pool(count: number): Promise<number> {
    const { seconds } = await meter(() => atOnce(poolSize, count, () => this.#one()))
    return Math.round(count / seconds)
  }

  #one(): Promise<void> {
    return new Promise((resolve, reject) => {
      verify('sha256', this.#data, this.#device.publicKey, this.#signature, (error, genuine) => {
        if (error !== null || !genuine) reject(error ?? new Error('not genuine'))
        else
          sign(this.#digest, this.#data, this.#issuer, (broken) =>
            broken === null ? resolve() : reject(broken),
          )
      })
    })
  }

  async #threads(count: number): Promise<number> {
    const each = Math.ceil(count / availableParallelism())
    const workerData = {
      each,
      digest: this.#digest,
      data: this.#data,
      signature: this.#signature,
      publicKey: this.#device.publicKey,
      privateKey: this.#issuer,
    }
    const threads = Array.from(
      { length: availableParallelism() },
      () => new Worker(new URL('bare-crypto-thread.ts', import.meta.url), { workerData }),
    )
    await Promise.all(threads.map((thread) => once(thread, 'message')))
    const { seconds } = await meter(async () => {
      const done = threads.map((thread) => once(thread, 'message'))
      for (const thread of threads) thread.postMessage('start')
      await Promise.all(done)
    })
    await Promise.all(threads.map((thread) => thread.terminate()))
    return Math.round((each * threads.length) / seconds)
  }
}
