// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OperationName, operationOf } from '#format/admin/operations.ts'
import { exit } from '../stop.ts'
import { stopFor } from './problem.ts'

const row = operationOf('device.add')

test('a refusal ends with 1 and keeps its code', () => {
  const stop = stopFor(row, 409, '{"code":"exists-already","detail":"it is here"}')
  assert.deepEqual(
    [stop.status, stop.code, stop.message],
    [exit.refused, 'exists-already', 'it is here'],
  )
})

test('wrong inputs end with 2 and are named by what was written', () => {
  const faults = [
    { path: 'serial', fault: 'is odd' },
    { path: 'hardwareRevision', fault: 'is too large' },
    { path: 'elsewhere', fault: 'is not known here' },
  ]
  const stop = stopFor(row, 400, JSON.stringify({ code: 'input-wrong', detail: '…', faults }))
  assert.equal(stop.status, exit.wrongUse)
  assert.equal(
    stop.message,
    'SERIAL: is odd\n--hardware-revision: is too large\nelsewhere: is not known here',
  )
})

test('a break of the server ends with 3 and names the request', () => {
  const stop = stopFor(
    row,
    500,
    '{"code":"broken","detail":"something","instance":"urn:request:7"}',
  )
  assert.equal(stop.status, exit.broken)
  assert.match(stop.hint ?? '', /urn:request:7/)
})

test('what is no problem document is told as such', () => {
  for (const body of ['', '<html>', '[]', '{"code":7}']) {
    assert.match(stopFor(row, 502, body).message, /answered 502/)
  }
})

test('an input that a refusal names is told as it is written at the command line', () => {
  const told = (name: OperationName, detail: string) =>
    stopFor(operationOf(name), 400, JSON.stringify({ code: 'input-wrong', detail })).message
  assert.equal(
    told('product.add', 'there are several makers; say which one (maker)'),
    'there are several makers; say which one (--maker)',
  )
  assert.equal(told('certificate.list', 'algorithm: "x" is wrong'), '--algorithm: "x" is wrong')
  assert.equal(
    told('certificate.list', 'serialPrefix and expiringBefore cannot be'),
    '--serial-prefix and --expiring-before cannot be',
  )
  assert.equal(told('certificate.list', 'elsewhere: is (odd)'), 'elsewhere: is (odd)')
})
