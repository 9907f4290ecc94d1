// SPDX-License-Identifier: Apache-2.0
import { checkPrimeSync } from 'node:crypto'
import { sha256 } from '#trust/digest.ts'
import { findHits } from './common-factors.ts'
import { greatestCommonDivisor } from './greatest-common-divisor.ts'
import { bytesOf, numberOf } from './octets.ts'
import { growTree } from './product-tree.ts'
import type { SharedPrime, WatchedModulus } from './shared-prime.ts'

/**
 * Everything that the given keys have in common, each factor with all that have it.
 *
 * Meant for those few of a fleet that a search has shown to share something: its time grows with the square of what
 * shares both primes.
 */
export function nameSharedPrimes(keys: readonly WatchedModulus[]): SharedPrime[] {
  const byModulus = Map.groupBy(keys, ({ modulus }) => numberOf(modulus))
  const moduli = [...byModulus.keys()]
  const idsOf = (modulus: bigint) => (byModulus.get(modulus) ?? []).map(({ id }) => id)
  const alike = moduli.map((modulus) => sharedBy('modulus', modulus, idsOf(modulus)))
  const named = alike.filter(({ members }) => members.length > 1)
  for (const [factor, having] of sharersOf(moduli)) {
    const kind = byModulus.has(factor) ? 'multiple' : 'prime'
    if (kind === 'multiple' || having.length > 1)
      named.push(sharedBy(kind, factor, having.flatMap(idsOf)))
  }
  return named
}

function sharedBy(kind: SharedPrime['kind'], factor: bigint, ids: readonly string[]): SharedPrime {
  return { kind, cause: sha256(bytesOf(factor)), members: [...new Set(ids)].sort() }
}

/**
 * Distinct moduli -> each common factor -> the moduli that have it and something else.
 *
 * A modulus that is a factor of another as a whole is not broken by that: nobody learns its primes, and whoever knows
 * a public key can make such a number of it. So none is ever told as a sharer of itself.
 */
function sharersOf(moduli: readonly bigint[]): Map<bigint, readonly bigint[]> {
  if (moduli.length < 2) return new Map()
  const hits = findHits(growTree(moduli, free), 1n, free)
  const factors = factorsOf(hits.map(({ position, divisor }) => [moduli[position]!, divisor]))
  const sharers = new Map<bigint, bigint[]>()
  for (const factor of factors)
    sharers.set(
      factor,
      hits
        .map(({ position }) => moduli[position]!)
        .filter((one) => one !== factor && one % factor === 0n),
    )
  return new Map([...sharers].filter(([, having]) => having.length > 0))
}

function free() {}

/** What of the divisors cannot be told apart any further by greatest common divisors: primes, mostly. */
function factorsOf(hits: readonly (readonly [modulus: bigint, divisor: bigint])[]): Set<bigint> {
  const found = new Set<bigint>()
  const whole: bigint[] = []
  for (const [modulus, divisor] of hits) {
    if (divisor === modulus) whole.push(modulus)
    else found.add(divisor)
  }
  // Both primes of these are shared. Where one is known the other follows; else they are held against each other.
  for (const [at, modulus] of whole.entries()) {
    let known = false
    for (const factor of found) {
      if (modulus % factor !== 0n || modulus === factor) continue
      found.add(modulus / factor)
      known = true
      break
    }
    if (known) continue
    for (const [otherAt, other] of whole.entries()) {
      if (otherAt === at) continue
      const common = greatestCommonDivisor(modulus, other)
      if (common !== 1n && common !== modulus) found.add(common).add(modulus / common)
    }
  }
  return refined(found)
}

/** Until no two have anything in common. Primes are left alone, and nearly all are. */
function refined(found: ReadonlySet<bigint>): Set<bigint> {
  const done = new Set<bigint>()
  const waiting = [...found]
  const composite = waiting.filter((one) => !isPrime(one))
  if (composite.length === 0) return new Set(found)
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (one === 1n || done.has(one)) continue
    let split = false
    for (const other of done) {
      const common = greatestCommonDivisor(one, other)
      if (common === 1n) continue
      done.delete(other)
      waiting.push(common, one / common, other / common)
      split = true
      break
    }
    if (!split) done.add(one)
  }
  return done
}

/** Nobody gains by making this wrong: it only saves work. */
function isPrime(value: bigint): boolean {
  return checkPrimeSync(value, { checks: 2 })
}
