// SPDX-License-Identifier: Apache-2.0
import { argon2, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Passphrase } from './passphrase.ts'

/** What one guess at the passphrase costs. */
export interface Cost {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** RFC 9106 section 4, second recommendation: 64 MiB, three passes, four lanes. */
export const usualCost: Cost = { memoryKiB: 65_536, passes: 3, lanes: 4 }

/**
 * The most that a file may ask of us, and the least that argon2 takes (RFC 9106 section 3.1).
 *
 * A changed file must not make the server spend its memory or its day before it is found out.
 */
export const costLimits = {
  memoryKiB: { from: 32, to: 262_144 },
  passes: { from: 1, to: 10 },
  lanes: { from: 1, to: 4 },
} as const satisfies Record<keyof Cost, { from: number; to: number }>

/** The member of a cost that is beyond its limit, in words; undefined if all is well. */
export function excessOf(cost: Cost): string | undefined {
  for (const name of ['memoryKiB', 'passes', 'lanes'] as const) {
    const { from, to } = costLimits[name]
    if (cost[name] < from || cost[name] > to)
      return `asks argon2id for ${name} ${cost[name]}, from ${from} to ${to} is allowed`
  }
  return undefined
}

const argon2Async = promisify(argon2)

/** Derives each (salt, cost) once from one passphrase, and keeps the outcome in memory. */
export class Derivations {
  readonly #passphrase: Passphrase
  readonly #masters = new Map<string, Promise<KeyObject>>()

  constructor(passphrase: Passphrase) {
    this.#passphrase = passphrase
  }

  /** The master secret for this salt and cost; the caller has asked `excessOf` first. */
  master(salt: Uint8Array, cost: Cost): Promise<KeyObject> {
    const name = `${salt.toHex()} ${cost.memoryKiB} ${cost.passes} ${cost.lanes}`
    let master = this.#masters.get(name)
    if (master === undefined) {
      master = this.#derive(salt, cost)
      this.#masters.set(name, master)
    }
    return master
  }

  async #derive(salt: Uint8Array, cost: Cost): Promise<KeyObject> {
    const bytes = await argon2Async('argon2id', {
      message: this.#passphrase.dangerouslyReveal(),
      nonce: salt,
      memory: cost.memoryKiB,
      passes: cost.passes,
      parallelism: cost.lanes,
      tagLength: 32,
    })
    const master = createSecretKey(bytes)
    bytes.fill(0)
    return master
  }
}

/** A key or check value of its own for each purpose. RFC 5869. */
export function expand(master: KeyObject, purpose: string, octets: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', master, '', `vitalsign keystore 1 ${purpose}`, octets))
}
