// SPDX-License-Identifier: Apache-2.0
/**
 * The search for biased nonces, key by key: `node bench/nonces.ts [CURVE]`, P-256 unless said otherwise.
 *
 * For each guess of known bits one bad generator of each kind is planted, with as few signatures as are said to be enough,
 * and one key is honest; printed is the processor time of the whole search of that key, all guesses before it with it.
 */
import {
  findBiasedNonces,
  mostSignatures,
  type NonceBias,
  signaturesFor,
} from '#trust/weak-keys/nonces/biased-nonces.ts'
import { curves, isCurveName } from '#trust/weak-keys/nonces/curve.ts'
import type { EcdsaParts } from '#trust/weak-keys/nonces/ecdsa-signature.ts'
import { anyNumber, digestOf, knownKey, signDigest } from '../test/support/chosen-nonces.ts'

const name = process.argv[2] ?? 'p-256'
if (!isCurveName(name))
  throw new Error(`no curve ${name}; there are ${Object.keys(curves).join(' ')}`)
const curve = name
const { order, orderBits } = curves[curve]

const kinds = [
  ['upper', 'zero'],
  ['lower', 'zero'],
  ['upper', 'equal'],
  ['lower', 'equal'],
] as const

for (const bits of [128, 96, 64, 32, 16, 8]) {
  const least = signaturesFor(bits, curves[curve])
  if (least === undefined) continue
  const times = kinds.map(([end, how]) => {
    const count = how === 'zero' ? least : least + 1
    const { found, milliseconds } = search(count, generator(end, how, bits))
    if (found?.end !== end || found.how !== how) throw new Error(`${bits} ${end} ${how}: not found`)
    return milliseconds
  })
  const { found, milliseconds } = search(least, () => anyNumber(curve))
  if (found !== undefined) throw new Error('an honest key was found')
  console.log(
    `${curve}, ${bits} bits known: ${least} signatures, ${least + 1} rows; ${times.map(told).join(', ')} ms (upper zero, lower zero, upper equal, lower equal); honest ${told(milliseconds)} ms`,
  )
}
const { milliseconds } = search(mostSignatures, () => anyNumber(curve))
console.log(`${curve}, honest, ${mostSignatures} signatures or more: ${told(milliseconds)} ms`)

function generator(end: NonceBias['end'], how: NonceBias['how'], bits: number): () => bigint {
  const rest = BigInt(orderBits - bits)
  const [upper, lower] = [(1n << BigInt(orderBits)) - (1n << rest), (1n << BigInt(bits)) - 1n]
  const known = end === 'upper' ? upper : lower
  const same = how === 'zero' ? 0n : anyNumber(curve) & known
  return () => {
    for (;;) {
      const chance = anyNumber(curve)
      const nonce = same | (chance - (chance & known))
      if (nonce > 0n && nonce < order) return nonce
    }
  }
}

function search(count: number, nonceOf: () => bigint) {
  const key = knownKey(curve)
  const signatures = Array.from({ length: count }, (_, at): EcdsaParts => {
    return signDigest(key, nonceOf(), digestOf('sha256', `message ${at}`))
  })
  const before = process.cpuUsage()
  const found = findBiasedNonces(curve, key.point, signatures)
  const { user, system } = process.cpuUsage(before)
  return { found, milliseconds: (user + system) / 1000 }
}

function told(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 1 : 0)
}
