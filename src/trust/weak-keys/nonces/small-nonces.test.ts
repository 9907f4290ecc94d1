// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyNumber, multipleOf } from '../../../../test/support/chosen-nonces.ts'
import { readKeyList } from '../lists/key-list.ts'
import { families } from '../scalars/families.ts'
import { makeScalarList } from '../scalars/scalar-list.ts'
import { shortCurves } from '../scalars/short-curve.ts'
import { type CurveName, curves } from './curve.ts'
import { SmallNonces, scalarOf } from './small-nonces.ts'

const names = Object.keys(curves) as CurveName[]

/** x of a multiple of the generator, which is what r of a signature is. */
function rOf(curve: CurveName, nonce: bigint): Uint8Array {
  return multipleOf(curve, nonce).slice(0, curves[curve].octets)
}

for (const curve of names) {
  const { order } = curves[curve]
  const shown = (nonce: bigint) => [nonce, order - nonce]

  test(`${curve}: the smallest nonces are known without any list, of either sign`, () => {
    const nonces = new SmallNonces()
    for (const nonce of [1n, 2n, 1023n, 1024n])
      for (const one of shown(nonce)) assert.equal(nonces.find(curve, rOf(curve, one)), nonce)
    assert.equal(nonces.find(curve, rOf(curve, 1025n)), undefined)
    assert.equal(nonces.find(curve, rOf(curve, anyNumber(curve))), undefined)
  })

  test(`${curve}: the scalar of each family is found by its x alone, from the first to the last`, () => {
    const row = shortCurves[curve]
    for (const family of Object.values(families)) {
      const { scalars } = family
      const some =
        scalars.kind === 'multiples'
          ? [1, 512, 513, 1025, 1026, 2050, scalars.count - 1, scalars.count].flatMap((times) =>
              times > scalars.count ? [] : [(BigInt(times) * scalars.base(row)) % order],
            )
          : scalars.kind === 'named'
            ? scalars.of(row).slice(0, 3)
            : [1n << 200n, (1n << 200n) - 1n]
      for (const scalar of some) {
        const x = BigInt(`0x${rOf(curve, scalar).toHex()}`)
        assert.ok(
          shown(scalar).includes(scalarOf(x, family, row) ?? 0n),
          `${family.words} ${scalar}`,
        )
      }
      assert.equal(
        scalarOf(BigInt(`0x${rOf(curve, anyNumber(curve)).toHex()}`), family, row),
        undefined,
      )
    }
    // No point has this x.
    const off = [1n, 2n, 3n, 4n, 5n, 6n, 7n].map((x) => scalarOf(x, families[1], row))
    assert.deepEqual(new Set(off), new Set([undefined]))
  })
}

test('what the list of scalars has is found by it, and nothing else', async () => {
  const { head, entries } = makeScalarList(['p-256'], 5_000)
  const file = Buffer.concat([head, entries])
  const list = await readKeyList([file], (offset, octets) => file.subarray(offset, offset + octets))
  const nonces = new SmallNonces(() => list)
  const { order } = curves['p-256']
  const row = shortCurves['p-256']
  const patterned = 4_321n * families[4].scalars.base(row)
  for (const nonce of [4_999n, patterned, 1n << 240n, (1n << 77n) - 1n]) {
    const found = nonces.find('p-256', rOf('p-256', nonce)) ?? 0n
    assert.ok([nonce, order - nonce].includes(found), nonce.toString(16))
  }
  for (let time = 0; time < 200; time++)
    assert.equal(nonces.find('p-256', rOf('p-256', anyNumber('p-256'))), undefined)
})
