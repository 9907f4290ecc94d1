// SPDX-License-Identifier: Apache-2.0
/** Runs a whole house on the small disk given as its argument: fills it, looks what still works, frees it. */
import assert from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answer,
  ask,
  certificateIn,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  requestBy,
  withProduct,
} from '../../support/house.ts'
import { expectDevice } from '../../support/refusing.ts'

const [, , directory = ''] = process.argv
const ballast = join(directory, 'ballast')
const house = await openTestHouse(directory)
const pump = await withProduct(house)
const first = await enrolled(house, pump, 'FIRST-1')
assert.equal((await ask(house, 'GET', '/whoami', { credential: first })).status, 200)
const waiting = []
for (let count = 0; count < 60; count++) {
  waiting.push(await expectDevice(house, pump, `WAITING-${count}`))
}
await house.sequence()

fill(65_536)
fill(512)
let refusal: Answer | undefined
let request: Uint8Array = new Uint8Array()
let unlucky = waiting[0]!
for (const device of waiting) {
  unlucky = device
  request = await requestBy(await generateKey('p-256'))
  const answer = await postEst(house, 'simpleenroll', request, device)
  if (answer.status !== 200) {
    refusal = answer
    break
  }
}
assert.equal(`${refusal?.status} ${refusal?.body.split(':')[0]}`, '503 store-full')
assert.equal(refusal?.headers['retry-after'], '60')
assert.doesNotMatch(refusal?.body ?? '', /sqlite|SQLITE|\//)

// What needs no write goes on: for devices, for everybody, and for the operator.
assert.equal((await ask(house, 'GET', '/.well-known/est/cacerts')).status, 200)
assert.equal((await ask(house, 'GET', '/whoami', { credential: first })).status, 200)
for (const path of ['/healthz', '/crl/issuing-1.crl', '/ca/root.crt', '/log/checkpoint']) {
  assert.equal((await fetchStatus(house, path)).status, 200, path)
}
assert.ok((await house.core.ledger.count('certificate', {})) > 2)

rmSync(ballast)
certificateIn(await postEst(house, 'simpleenroll', request, unlucky))
await house.sequence()
await house.stop()
const again = await openTestHouse(directory)
const { items } = await again.core.ledger.list('certificate', { limit: 500 })
assert.deepEqual(
  items.filter(({ state }) => state === 'reserved'),
  [],
)
await again.stop()
process.stdout.write('refused, served on, recovered\n')

/** Writes pieces of this size until there is no room for one more. */
function fill(bytes: number): void {
  const piece = new Uint8Array(bytes)
  try {
    for (;;) appendFileSync(ballast, piece)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
