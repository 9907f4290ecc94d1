// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { ScanDesk } from './scan-desk.ts'

async function* scan() {
  yield 'one'
  yield 'two'
}

test('of two who were let in at one moment one scans, and the other is told', async () => {
  const desk = new ScanDesk()
  const [first, second] = [desk.lines(scan), desk.lines(scan)]
  assert.equal((await first.next()).value, 'one')
  const told = await Array.fromAsync(second)
  assert.deepEqual(
    told.map((line) => typeof line === 'object' && line.reason),
    ['busy'],
  )
  assert.ok(desk.isBusy, 'who was refused frees no desk of somebody else')
  assert.deepEqual(await Array.fromAsync(first), ['two'])
  assert.deepEqual(await Array.fromAsync(desk.lines(scan)), ['one', 'two'])
})

test('a scan that nobody reads holds nothing, and one that is left is over', async () => {
  const desk = new ScanDesk()
  desk.lines(scan)
  assert.equal(desk.isBusy, false)
  for await (const _ of desk.lines(scan)) break
  assert.equal(desk.isBusy, false)
})

test('what breaks is thrown, but a full disk is the last line', async () => {
  const desk = new ScanDesk()
  async function* breaking(error: unknown) {
    yield 'one'
    throw error
  }
  const lines = await Array.fromAsync(desk.lines(() => breaking(new Fault('store-full', '/tmp'))))
  const last = lines.at(-1)
  assert.ok(typeof last === 'object' && last.reason === 'store-full')
  assert.doesNotMatch(last.detail, /\/tmp/)
  await assert.rejects(
    Array.fromAsync(desk.lines(() => breaking(new Error('it broke')))),
    /it broke/,
  )
  assert.equal(desk.isBusy, false)
})
