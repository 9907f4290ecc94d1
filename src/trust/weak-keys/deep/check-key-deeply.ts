// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { numberOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { isShortCurve, type ShortCurve, shortCurves } from '../scalars/short-curve.ts'
import type { KeyWeakness } from '../weaknesses.ts'
import { smallScalarBits } from './deep-tests.ts'
import { dividedBy } from './divided-point.ts'
import { fewKeys, SmallScalars } from './small-scalars.ts'
import { checkModulusDeeply } from './smooth-primes.ts'

/**
 * Tests of one key that take a second, and tables of which they make use; to be kept while keys are tested.
 *
 * Beyond the gate: p-1, and moduli that are no product of two primes; private keys below 2^36, and those that are
 * nothing but their first octets, as when a number was copied to the beginning of a buffer of zeros.
 */
export class DeepChecks {
  readonly #searches = new Map<ShortCurve, { search: SmallScalars; asked: number; full: boolean }>()

  /** What is found out about a well-formed key; empty: nothing was. */
  check({ algorithm, material }: PublicKey): readonly KeyWeakness[] {
    if (keyAlgorithms[algorithm].canonical === 'modulus')
      return checkModulusDeeply(numberOf(material))
    return isShortCurve(algorithm) ? this.#checkPoint(material, shortCurves[algorithm]) : []
  }

  #checkPoint(material: Uint8Array, curve: ShortCurve): readonly KeyWeakness[] {
    const search = this.#searchOn(curve)
    const half = material.length / 2
    const point = { x: numberOf(material.subarray(0, half)), y: numberOf(material.subarray(half)) }
    if (search.has(point)) {
      return [
        {
          name: 'scalar-small',
          detail: `the private key, or its negative, is below 2^${smallScalarBits}`,
        },
      ]
    }
    if (!search.has(dividedBy(2n ** BigInt(8 * curve.octets - 32), point, curve))) return []
    return [
      {
        name: 'scalar-pattern',
        detail: 'the private key is its first 32 bits, and zeros',
      },
    ]
  }

  /** Few steps are prepared for few keys, and many as soon as there are many. */
  #searchOn(curve: ShortCurve): SmallScalars {
    const before = this.#searches.get(curve)
    const asked = (before?.asked ?? 0) + 1
    const full = asked >= fewKeys
    const search =
      before !== undefined && before.full === full
        ? before.search
        : SmallScalars.forKeys(curve, asked)
    this.#searches.set(curve, { search, asked, full })
    return search
  }
}
