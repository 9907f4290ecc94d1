// SPDX-License-Identifier: Apache-2.0
/** Chance that can be repeated: the same seed gives the same run. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 32 bits (splitmix32). */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = this.#state ^ (this.#state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor((this.bits() / 4_294_967_296) * end)
  }

  oneOf<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error('a choice of nothing')
    return values[this.below(values.length)]!
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}

/**
 * The seed of this run; printed by who uses it. FUZZ_SEED gives it; else it is the same at each run of
 * depth 1, so that a change is judged by its own faults, and by the clock in a longer run, which hunts.
 */
export function seedOfRun(): number {
  const given = process.env.FUZZ_SEED
  if (given !== undefined) return Number.parseInt(given, 10)
  return depthOfRun() === 1 ? 1 : Date.now() & 0x7fff_ffff
}

/** How much more than usual is to be run: 1, or what DEPTH says. */
export function depthOfRun(): number {
  return Math.max(1, Number.parseInt(process.env.DEPTH ?? '1', 10) || 1)
}
