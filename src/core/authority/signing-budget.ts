// SPDX-License-Identifier: Apache-2.0
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'

/**
 * Signatures that strangers can make us make at will: by a nonce, by a serial that is nobody's, by several
 * questions in one. P-256 takes 30 microseconds and ML-DSA-87 900: at the very worst a fifth of one core.
 */
export const signingBudget = {
  /** A hospital behind one address may have clients that send nonces; beyond it they hear what is cached. */
  perSource: 200,
  inAll: 2_000,
  perMilliseconds: 10_000,
  /** What a signature by RSA counts for: with 4,096 bits it takes 5 milliseconds. */
  rsaPrice: 10,
} as const

/** What a signature that answers for an authority of this algorithm counts for. */
export function signingPrice(algorithm: string): number {
  const isRsa = isKeyAlgorithmName(algorithm) && keyAlgorithms[algorithm].canonical === 'modulus'
  return isRsa ? signingBudget.rsaPrice : 1
}

/** What is left of the budget, on this node; a restart forgets. */
export class SigningBudget {
  readonly #spent = new Map<string, number>()
  #spentInAll = 0
  #windowStart = 0

  /** Spends one signature at this price for this source, an address or network; false: too little is left. */
  spend(source: string, price: number, now: Temporal.Instant): boolean {
    const at = now.epochMilliseconds
    // A clock that was set back begins a window, too.
    if (at < this.#windowStart || at - this.#windowStart >= signingBudget.perMilliseconds) {
      this.#windowStart = at
      this.#spentInAll = 0
      this.#spent.clear()
    }
    const spent = (this.#spent.get(source) ?? 0) + price
    const spentInAll = this.#spentInAll + price
    if (spent > signingBudget.perSource || spentInAll > signingBudget.inAll) return false
    // Whoever finds nothing left is not remembered, so that there are never more sources than signatures.
    this.#spent.set(source, spent)
    this.#spentInAll = spentInAll
    return true
  }
}
