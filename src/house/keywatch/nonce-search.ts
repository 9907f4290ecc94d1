// SPDX-License-Identifier: Apache-2.0
import type { NonceSearch, SignedKey } from '#core/keywatch/ports.ts'
import { type NonceBias, nonceTests } from '#trust/weak-keys/nonces/biased-nonces.ts'
import { LoneThread } from './lone-thread.ts'

/** A copy of its own: what goes to another thread is not shared with it. */
export type NonceQuestion = Pick<SignedKey, 'curve' | 'point' | 'signatures'>

export interface NonceAnswer {
  readonly bias: NonceBias | null
}

/** Lattices of 80 rows take a megabyte. */
const heapMegabytes = 64

/** A walk looks again at what came in its last hour; so many keys are not searched again. */
const mostRemembered = 10_000

/** Searches one key after the other, on one thread of low priority. */
export class ThreadedNonceSearch {
  readonly #thread = new LoneThread<NonceQuestion, NonceAnswer>(
    new URL('nonce-thread.ts', import.meta.url),
    'searches signatures',
    heapMegabytes,
  )
  /** Of this process: keys in which nothing was found, and the signature that was their newest then. */
  readonly #sound = new Map<string, string>()

  /** As the watch asks it. @param budget how long one run may spend on it */
  within(budget: Temporal.Duration): NonceSearch {
    return { tests: nonceTests, budget, search: (key, signal) => this.#search(key, signal) }
  }

  /** Gives back the thread. */
  close(): Promise<void> {
    return this.#thread.close()
  }

  async #search(
    { fingerprint, curve, point, signatures }: SignedKey,
    signal: AbortSignal,
  ): Promise<NonceBias | null | undefined> {
    const [name, newest] = [fingerprint.toHex(), newestOf(signatures)]
    if (this.#sound.get(name) === newest) return undefined
    const question = {
      ...{ curve, point: point.slice() },
      signatures: signatures.map(({ digest, r, s }) => ({ digest, r, s })),
    }
    const answer = await this.#thread.ask(question, signal)
    if (answer?.bias === null) {
      if (this.#sound.size >= mostRemembered) this.#sound.clear()
      this.#sound.set(name, newest)
    }
    return answer?.bias
  }
}

function newestOf(signatures: SignedKey['signatures']): string {
  return `${signatures.length} ${signatures[0]?.r.toHex()}`
}
