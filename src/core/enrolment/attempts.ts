// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/**
 * Wrong codes that are borne before those that follow hear "wait". A code has over 100 bits, so this
 * is no shield against guessing but against noise: it never holds up a right code.
 */
const limits = {
  perAddressAndSerial: { failures: 10, perMinutes: 5 },
  perAddress: { failures: 100, perMinutes: 5 },
  /** Buckets kept; beyond it the oldest goes. */
  remembered: 20_000,
} as const

interface Bucket {
  failures: number
  readonly since: Temporal.Instant
}

/** Serials are compared by so many characters; longer ones are nobody's. */
const serialCharacters = 64

/** Counts failed proofs by address, and by serial from there, in bounded memory; a restart forgets. */
export class Attempts {
  readonly #buckets = new Map<string, Bucket>()

  blocked(address: string, serial: string, now: Temporal.Instant): Refused | undefined {
    const [byAddress, bySerial] = bucketsOf(address, serial)
    const full =
      this.#isFull(byAddress, limits.perAddress, now) ||
      this.#isFull(bySerial, limits.perAddressAndSerial, now)
    return full
      ? refuse('rate-limited', 'too many wrong enrolment codes; wait some minutes and try again')
      : undefined
  }

  failed(address: string, serial: string, now: Temporal.Instant): void {
    for (const name of bucketsOf(address, serial)) {
      const bucket = this.#buckets.get(name) ?? { failures: 0, since: now }
      bucket.failures++
      this.#buckets.set(name, bucket)
    }
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= limits.remembered) break
      this.#buckets.delete(oldest)
    }
  }

  #isFull(
    name: string,
    limit: { readonly failures: number; readonly perMinutes: number },
    now: Temporal.Instant,
  ): boolean {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return false
    const end = bucket.since.add({ minutes: limit.perMinutes })
    if (Temporal.Instant.compare(end, now) <= 0) {
      this.#buckets.delete(name)
      return false
    }
    return bucket.failures >= limit.failures
  }
}

function bucketsOf(address: string, serial: string): readonly [string, string] {
  return [address, `${address} ${serial.slice(0, serialCharacters)}`]
}
