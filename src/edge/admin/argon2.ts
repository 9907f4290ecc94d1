// SPDX-License-Identifier: Apache-2.0
import { type Argon2Parameters, argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { PassphraseHasher } from '#core/people/passphrase.ts'
import type { Randomness } from '#core/ports.ts'
import { sameSecret } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { RefusalError } from './answers/problem.ts'
import { limits } from './limits.ts'

/** RFC 9106 section 4, second recommended option: 64 MiB, three passes, four lanes. */
const cost = { memory: 65_536, passes: 3, parallelism: 4, tagLength: 32 } as const
const saltBytes = 16

/** The most that a stored hash may ask of us; a book from elsewhere must not stop the house. */
const mostCost = { memory: 262_144, passes: 10, parallelism: 16 } as const

const run = promisify(argon2)

/** `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, base64 without padding. */
const phc =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/

/** argon2id on Node's own threads, a few at a time. */
export function makePassphraseHasher(random: Randomness): PassphraseHasher {
  const turns = new Turns()
  const nobodysSalt = random.bytes(saltBytes)
  return {
    hash: (passphrase) =>
      turns.take(async () => {
        const salt = random.bytes(saltBytes)
        const tag = await run('argon2id', parametersOf(passphrase, salt, cost))
        return encodePhc(salt, tag)
      }),
    verify: (hash, passphrase) =>
      turns.take(async () => {
        // Nobody of this name costs as much as somebody, and is as wrong.
        const stored = hash === undefined ? undefined : parsePhc(hash)
        const { salt, ...asked } = stored ?? { salt: nobodysSalt, ...cost }
        const tag = await run('argon2id', parametersOf(passphrase, salt, asked))
        return sameSecret(new Uint8Array(tag), stored?.tag ?? new Uint8Array(0))
      }),
  }
}

interface Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

function parametersOf(passphrase: string, salt: Uint8Array, asked: Cost): Argon2Parameters {
  return {
    message: new TextEncoder().encode(passphrase),
    nonce: salt,
    memory: asked.memory,
    passes: asked.passes,
    parallelism: asked.parallelism,
    tagLength: cost.tagLength,
  }
}

function encodePhc(salt: Uint8Array, tag: Uint8Array): string {
  const { memory, passes, parallelism } = cost
  const [shownSalt, shownTag] = [salt, new Uint8Array(tag)].map((part) =>
    part.toBase64({ omitPadding: true }),
  )
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${shownSalt}$${shownTag}`
}

/** Undefined for what we would not have written, or what asks too much. */
function parsePhc(text: string): (Cost & { salt: Uint8Array; tag: Uint8Array }) | undefined {
  const found = phc.exec(text)
  if (found === null) return undefined
  const [memory = 0, passes = 0, parallelism = 0] = found.slice(1, 4).map(Number)
  const fits =
    memory <= mostCost.memory &&
    passes <= mostCost.passes &&
    parallelism <= mostCost.parallelism &&
    memory >= 8 * parallelism &&
    passes > 0 &&
    parallelism > 0
  if (!fits) return undefined
  const [salt, tag] = found.slice(4).map((part) => Uint8Array.fromBase64(part))
  return salt === undefined || tag === undefined
    ? undefined
    : { memory, passes, parallelism, salt, tag }
}

/** A few at a time, the rest in a short queue: a flood of sign-ins must not take all memory. */
class Turns {
  #working = 0
  readonly #waiting: (() => void)[] = []

  /** @throws RefusalError `busy` when too many wait */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working >= limits.hashing) {
      if (this.#waiting.length >= limits.hashingWaiting) {
        throw new RefusalError(refuse('busy', 'too many people sign in at this moment; try again'))
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#working++
    try {
      return await work()
    } finally {
      this.#working--
      this.#waiting.shift()?.()
    }
  }
}
