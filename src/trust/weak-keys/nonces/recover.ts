// SPDX-License-Identifier: Apache-2.0
/**
 * What follows from the nonces of ECDSA signatures: s k = z + r d modulo the order of the curve, where k is the
 * nonce that r shows and d the private key.
 *
 * Keys and nonces are the unknowns, a signature is an equation between one of each. As long as the equations hang
 * together as a tree nothing follows; one that closes a circle gives away every key of it, and every key that
 * shares a nonce with one of those. Two messages under one nonce are the smallest circle.
 *
 * @see FIPS 186-5 section 6.4.1; Brengel and Rossow, "Identifying Key Leakage of Bitcoin Users", RAID 2018
 */

import { positive } from '../scalars/short-curve.ts'
import { type Curve, type CurveName, curves, inverseOf, isPrivateKeyOf, numberOf } from './curve.ts'
import { type EcdsaParts, signedNumber } from './ecdsa-signature.ts'

/** A signature of a key; keys are told apart by any name. */
export interface SignatureOf extends EcdsaParts {
  readonly key: string
  readonly curve: CurveName
}

/** A key whose private half was computed, multiplied with the generator, and found to be the key's. */
export interface Recovered {
  readonly by: 'nonce-repeated' | 'nonce-shared' | 'nonce-small'
  /** The mark of the nonce that gave it away: r of the signature. No secret. */
  readonly r: Uint8Array
}

/** What is known beside the signatures. */
export interface RecoveringPorts {
  /** The affine point of a key: x and y. */
  pointOf(key: string): Uint8Array | undefined
  /** The small number whose multiple of the generator has this x; undefined: none that is known. */
  nonceOf(curve: CurveName, r: Uint8Array): bigint | undefined
}

/** Keys in one circle: each doubles the signs that are tried. */
const mostInCircle = 4

/** Steps of the search for circles, and candidates that are held against a key (some 0.1 ms each). */
const budget = { steps: 10_000, candidates: 1_500 } as const

/**
 * Which of these keys follow from these signatures; each is proved, and none is told.
 *
 * Signatures of other curves than those of the table have no place here. What lies beyond a budget is not found.
 */
export function recoverKeys(
  signatures: readonly SignatureOf[],
  ports: RecoveringPorts,
): ReadonlyMap<string, Recovered> {
  return new Recovery(signatures, ports).all()
}

/** A signature as numbers. */
interface Equation {
  readonly key: string
  readonly curveName: CurveName
  readonly curve: Curve
  readonly nonce: string
  readonly rBytes: Uint8Array
  readonly r: bigint
  readonly s: bigint
  readonly z: bigint
  /** Modulo the order. */
  readonly overR: bigint
  readonly overS: bigint
}

class Recovery {
  readonly #ports: RecoveringPorts
  readonly #ofKey: ReadonlyMap<string, readonly Equation[]>
  readonly #ofNonce: ReadonlyMap<string, readonly Equation[]>
  readonly #scalars = new Map<string, bigint>()
  readonly #recovered = new Map<string, Recovered>()
  #steps: number = budget.steps
  #candidates: number = budget.candidates

  constructor(signatures: readonly SignatureOf[], ports: RecoveringPorts) {
    this.#ports = ports
    const equations = distinct(signatures.map(equationOf))
    this.#ofKey = Map.groupBy(equations, ({ key }) => key)
    this.#ofNonce = Map.groupBy(equations, ({ nonce }) => nonce)
  }

  all(): ReadonlyMap<string, Recovered> {
    for (const equations of this.#ofKey.values()) for (const one of equations) this.#trySmall(one)
    this.#spread()
    for (const [key, equations] of this.#ofKey) {
      const start = equations[0]
      if (start === undefined || equations.length < 2 || this.#scalars.has(key)) continue
      this.#walk(key, key, [], { factor: 1n, rest: 0n }, start.curve)
      if (this.#scalars.has(key)) this.#spread()
    }
    return this.#recovered
  }

  #trySmall(equation: Equation): void {
    if (this.#scalars.has(equation.key)) return
    const nonce = this.#ports.nonceOf(equation.curveName, equation.rBytes)
    if (nonce !== undefined) this.#tryNonce(equation, nonce, 'nonce-small')
  }

  /** Of k and its negative both have the same r. */
  #tryNonce(equation: Equation, nonce: bigint, by: Recovered['by']): void {
    const { key, curve, rBytes } = equation
    for (const sign of [1n, -1n]) {
      const scalar = keyFrom(equation, sign * nonce)
      if (this.#proves(key, scalar, curve, by, rBytes)) return
    }
  }

  /** Whoever shares a nonce with a recovered key falls with it. */
  #spread(): void {
    const waiting = [...this.#scalars.keys()]
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      const scalar = this.#scalars.get(key)
      if (scalar === undefined) continue
      for (const known of this.#ofKey.get(key) ?? []) {
        const nonce = positive((known.z + known.r * scalar) * known.overS, known.curve.order)
        for (const other of this.#ofNonce.get(known.nonce) ?? []) {
          if (this.#scalars.has(other.key)) continue
          this.#tryNonce(other, nonce, 'nonce-shared')
          if (this.#scalars.has(other.key)) waiting.push(other.key)
        }
      }
    }
  }

  /**
   * Goes from key to key over nonces that both used, none twice, until it comes back to the first.
   *
   * On the way the private key stays `factor` times the first one plus `rest`; the way back solves it.
   */
  #walk(first: string, here: string, used: readonly Equation[], line: Line, curve: Curve): void {
    for (const from of this.#ofKey.get(here) ?? []) {
      if (used.some(({ nonce }) => nonce === from.nonce)) continue
      for (const to of this.#ofNonce.get(from.nonce) ?? []) {
        if (this.#scalars.has(first) || this.#steps-- <= 0) return
        if (to === from || (to.key !== first && used.some(({ key }) => key === to.key))) continue
        if (to.key === here && here !== first) continue
        // No way leads on from a key that signed once.
        if (to.key !== first && this.#ofKey.get(to.key)?.length === 1) continue
        for (const sign of [1n, -1n]) {
          const next = step(line, from, to, sign)
          if (to.key === first) this.#close(first, next, used.length, used[0] ?? from)
          else if (used.length + 1 < mostInCircle)
            this.#walk(first, to.key, [...used, from], next, curve)
        }
      }
    }
  }

  #close(key: string, { factor, rest }: Line, before: number, { curve, rBytes }: Equation): void {
    const inverse = inverseOf(1n - factor, curve.order)
    if (inverse === undefined) return
    const by = before === 0 ? 'nonce-repeated' : 'nonce-shared'
    this.#proves(key, positive(rest * inverse, curve.order), curve, by, rBytes)
  }

  #proves(key: string, scalar: bigint, curve: Curve, by: Recovered['by'], r: Uint8Array): boolean {
    if (this.#candidates-- <= 0) return false
    const point = this.#ports.pointOf(key)
    if (point === undefined || !isPrivateKeyOf(point, scalar, curve)) return false
    this.#scalars.set(key, scalar)
    this.#recovered.set(key, { by, r })
    return true
  }
}

/** A private key as a multiple of another one, and what is to be added. */
interface Line {
  readonly factor: bigint
  readonly rest: bigint
}

function equationOf({ key, curve: curveName, digest, r, s }: SignatureOf): Equation {
  const curve = curves[curveName]
  const [ofR, ofS] = [numberOf(r), numberOf(s)]
  return {
    ...{ key, curveName, curve, nonce: `${curveName} ${r.toHex()}`, rBytes: r },
    ...{ r: ofR, s: ofS, z: signedNumber(digest, curve) },
    // No signature has a zero in it.
    overR: inverseOf(ofR, curve.order) ?? 0n,
    overS: inverseOf(ofS, curve.order) ?? 0n,
  }
}

/** The same message under the same key and nonce says nothing new, however often and with either sign of s. */
function distinct(equations: readonly Equation[]): readonly Equation[] {
  const seen = new Map(equations.map((one) => [`${one.key} ${one.nonce} ${one.z}`, one]))
  return [...seen.values()]
}

/** d = (s k - z) / r */
function keyFrom({ s, z, overR, curve: { order } }: Equation, nonce: bigint): bigint {
  return positive((s * nonce - z) * overR, order)
}

/** Over one nonce from a key to the next: k = (z + r d) / s is put into the other's equation, with either sign. */
function step(line: Line, from: Equation, to: Equation, sign: bigint): Line {
  const { order } = from.curve
  const ratio = positive(sign * to.s * from.overS, order)
  return {
    factor: positive(ratio * line.factor, order),
    rest: positive((ratio * (from.z + from.r * line.rest) - to.z) * from.overR, order),
  }
}
