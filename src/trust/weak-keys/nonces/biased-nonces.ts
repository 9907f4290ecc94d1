// SPDX-License-Identifier: Apache-2.0
/**
 * The search for nonces that are too short, or that have bits in common: of enough signatures of one key, the key is
 * then the shortest vector of a lattice.
 *
 * s k = z + r d makes each nonce k a multiple of the private key d with something added. Nonces whose upper bits are
 * zero are short themselves; of those whose lower bits are zero, what is left when they are divided by a power of two;
 * and where the bits are the same and not zero, the differences of two nonces are one or the other.
 *
 * @see Nguyen and Shparlinski 2003; Breitner and Heninger, "Biased Nonce Sense", FC 2019
 */
import { positive } from '../scalars/short-curve.ts'
import { type Curve, type CurveName, curves, inverseOf, isPrivateKeyOf, numberOf } from './curve.ts'
import { type EcdsaParts, signedNumber } from './ecdsa-signature.ts'
import { hiddenNumbers, type Multiple } from './hidden-number.ts'

/** Which bits of all nonces are known, and how: no secret, as it says nothing that a lattice does not find. */
export interface NonceBias {
  readonly end: 'upper' | 'lower'
  /** `zero`: of each nonce or of its negative, which has the same r; `equal`: the same in all, and not zero. */
  readonly how: 'zero' | 'equal'
  /** So many bits, counted; of the size of the order. */
  readonly bits: number
  readonly orderBits: number
  /** In so many signatures, those that gave the key away. */
  readonly signatures: number
}

/** Bits that are guessed, the most telling first: each needs fewer signatures and a smaller lattice than the next. */
const guesses = [128, 96, 64, 32, 16, 8] as const

/** Fewer known bits than 8 of 256 or 384, or 16 of 521, would take more rows than a plain reduction masters. */
const mostRows = 80

/** Names what is searched for: another name, and all keys are searched anew. */
export const nonceTests = `lattices of ${guesses.join(' ')} bits, ${mostRows} rows`

/** Signatures of one key that are of use; of more, those that were named first. */
export const mostSignatures = 2 * mostRows

const biases = [
  { end: 'upper', how: 'zero' },
  { end: 'lower', how: 'zero' },
  { end: 'upper', how: 'equal' },
  { end: 'lower', how: 'equal' },
] as const

/**
 * How many signatures are needed where so many bits of each nonce are known to be zero; undefined: more than can be
 * searched.
 *
 * The vector that is sought has to be shorter than any other by some bits, of which a plain reduction needs more the
 * more rows there are: 1.3, and 0.02 for each row, are what was measured with all three curves.
 */
export function signaturesFor(bits: number, { orderBits }: Pick<Curve, 'orderBits'>) {
  for (let count = 2; count < mostRows; count++) {
    const margin = bits - (orderBits + bits + 0.8) / (count + 1)
    if (margin >= 1.3 + 0.02 * count) return count
  }
  return undefined
}

/** With fewer signatures of a key there is nothing to search. */
export function fewestSignatures(curve: CurveName): number {
  return signaturesFor(guesses[0], curves[curve]) ?? mostRows
}

/**
 * Searches the signatures of one key for nonces that give it away.
 *
 * Proved before it is told: the number that was found, times the generator, is the key. It is not returned, and what
 * OpenSSL was handed of it is wiped. From milliseconds for a handful of signatures to some seconds for `mostSignatures`
 * where nothing is found, all of it on the thread that asks.
 *
 * @param point of the key: x and y, in the octets of the curve each
 * @param signatures genuine ones, the newest first; what is twice there, or no signature on this curve, is passed over
 * @returns undefined: nothing was found, which proves nothing
 */
export function findBiasedNonces(
  curveName: CurveName,
  point: Uint8Array,
  signatures: readonly EcdsaParts[],
): NonceBias | undefined {
  const curve = curves[curveName]
  const nonces = noncesOf(signatures.slice(0, mostSignatures), curve)
  for (const bits of guesses) {
    const needed = signaturesFor(bits, curve)
    if (needed === undefined) break
    for (const { end, how } of biases) {
      const count = how === 'zero' ? needed : needed + 1
      for (const some of partsOf(nonces, count)) {
        const key = candidatesOf(some, end, how, bits, curve).find((one) =>
          isPrivateKeyOf(point, one, curve),
        )
        if (key !== undefined)
          return { end, how, ...measured(some, key, end, how, curve), signatures: count }
      }
    }
  }
  return undefined
}

/** The newest, and if there are twice as many the oldest: a generator that was mended, or that broke. */
function partsOf(nonces: readonly Multiple[], count: number): readonly (readonly Multiple[])[] {
  if (nonces.length < count) return []
  const newest = nonces.slice(0, count)
  return nonces.length < 2 * count ? [newest] : [newest, nonces.slice(-count)]
}

/** k = (r / s) d + z / s, of each nonce once. */
function noncesOf(signatures: readonly EcdsaParts[], curve: Curve): readonly Multiple[] {
  const { order, octets } = curve
  const once = new Map<bigint, Multiple>()
  for (const { digest, r: ofR, s: ofS } of signatures) {
    if (ofR.length > octets || ofS.length > octets) continue
    const [r, s] = [numberOf(ofR), numberOf(ofS)]
    if (r === 0n || s === 0n || r >= order || s >= order || once.has(r)) continue
    const inverse = inverseOf(s, order) ?? 0n
    once.set(r, {
      factor: (r * inverse) % order,
      rest: (signedNumber(digest, curve) * inverse) % order,
    })
  }
  return [...once.values()]
}

function candidatesOf(
  nonces: readonly Multiple[],
  end: NonceBias['end'],
  how: NonceBias['how'],
  bits: number,
  { order, orderBits }: Curve,
): readonly bigint[] {
  const [first, ...others] = nonces
  if (first === undefined) return []
  const short =
    how === 'zero'
      ? nonces
      : others.map(({ factor, rest }) => {
          return { factor: factor - first.factor, rest: rest - first.rest }
        })
  const scale = end === 'upper' ? 1n : (inverseOf(1n << BigInt(bits), order) ?? 1n)
  const multiples = short.map(({ factor, rest }) => {
    return { factor: positive(factor * scale, order), rest: positive(rest * scale, order) }
  })
  return hiddenNumbers(multiples, orderBits - bits, order)
}

/** How many bits it truly is: a generator is bad in its own way, and not by the steps of a search. */
function measured(
  nonces: readonly Multiple[],
  key: bigint,
  end: NonceBias['end'],
  how: NonceBias['how'],
  { order, orderBits }: Curve,
): Pick<NonceBias, 'bits' | 'orderBits'> {
  const numbers = nonces.map(({ factor, rest }) => positive(factor * key + rest, order))
  const [first = 0n] = numbers
  const known = numbers.map((number) => {
    // Where s is told by its lesser form, the nonce is the negative of the one that was drawn.
    const short = how === 'zero' ? [number, order - number] : [abs(number - first)]
    return Math.max(...short.map((one) => zeroBits(one, end, orderBits)))
  })
  return { bits: Math.min(...known), orderBits }
}

function abs(number: bigint): bigint {
  return number < 0n ? -number : number
}

function zeroBits(number: bigint, end: NonceBias['end'], orderBits: number): number {
  if (number === 0n) return orderBits
  const binary = number.toString(2)
  return end === 'upper' ? orderBits - binary.length : binary.length - binary.lastIndexOf('1') - 1
}
