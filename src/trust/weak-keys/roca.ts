// SPDX-License-Identifier: Apache-2.0
import { oddPrimesTo } from './small-factors.ts'

/**
 * Whether the modulus bears the mark of ROCA (CVE-2017-15361): primes of the form k M + 65537^a mod M, so that the
 * modulus is a power of 65537 modulo M, and therefore modulo each prime of M.
 *
 * That every prime sees some power is the test that was published; one sound key in 2^27 passes for marked by it.
 * Here one exponent has to serve all of them, as it does where the flawed library was at work: 2^62 of the 2^211
 * remainders that a sound key may have.
 *
 * @see "The Return of Coppersmith's Attack", Nemec et al., CCS 2017, sections 2.2 and 3.1: M is the product of the
 *   first 39 primes, to 167, for keys from 512 bits on; longer keys have more primes, these among them
 */
export function hasRocaMark(modulus: bigint): boolean {
  const rest = modulus % product
  const logarithms: Remainder[] = []
  for (const { prime, powers } of rows) {
    const exponent = powers.get(Number(rest % prime))
    if (exponent === undefined) return false
    logarithms.push({ rest: BigInt(exponent), of: BigInt(powers.size) })
  }
  return haveCommon(logarithms)
}

interface Remainder {
  readonly rest: bigint
  readonly of: bigint
}

const rows = oddPrimesTo(167).map((prime) => ({
  prime: BigInt(prime),
  powers: powersOf(65_537, prime),
}))
const product = rows.reduce((all, { prime }) => all * prime, 1n)

/** Power -> exponent, of all that the generator reaches. */
function powersOf(generator: number, prime: number): ReadonlyMap<number, number> {
  const powers = new Map<number, number>()
  for (let power = 1; !powers.has(power); power = (power * generator) % prime)
    powers.set(power, powers.size)
  return powers
}

/** Whether one number leaves all of these remainders. The moduli share factors, so that most sets have none. */
function haveCommon(remainders: readonly Remainder[]): boolean {
  let [number, step] = [0n, 1n]
  for (const { rest, of } of remainders) {
    let tries = 0n
    for (; number % of !== rest && tries < of; tries += 1n) number += step
    if (tries === of) return false
    while (step % of !== 0n) step *= commonStep(step, of)
  }
  return true
}

/** What the step still lacks of the modulus. */
function commonStep(step: bigint, of: bigint): bigint {
  let [larger, smaller] = [step, of]
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller]
  return of / larger
}
