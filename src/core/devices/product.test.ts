// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLabel } from './entrance.ts'
import { labelOf } from './product.ts'

for (const [name, label] of [
  ['Pump', 'pump'],
  ['  Infusion Pump 3000 (EU) ', 'infusion-pump-3000-eu'],
  ['Café', 'cafe'],
  ['x'.repeat(60), 'x'.repeat(40)],
  [`${'x'.repeat(39)} y`, 'x'.repeat(39)],
  ['泵', undefined],
  ['--', undefined],
] as const) {
  test(`"${name}" gives the label ${label ?? 'of nothing'}`, () =>
    assert.equal(labelOf(name), label))
}

test('no label is the name of an operation of EST', () => {
  assert.equal(checkLabel('cacerts')?.reason, 'input-wrong')
  assert.equal(checkLabel('cacerts-2'), undefined)
})
