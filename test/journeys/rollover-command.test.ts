// SPDX-License-Identifier: Apache-2.0
/** What a person reads who changes the root at the command line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import {
  openTestHouse,
  postEst,
  requestBy,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'

const house = await openTestHouse()
after(() => house.stop())

/** One command line to its end: what it printed, and its exit status. */
function vitalsign(line: string): Promise<{ status: number; out: string; error: string }> {
  const words = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts', ...line.split(' ')]
  const { promise, resolve } = Promise.withResolvers<{
    status: number
    out: string
    error: string
  }>()
  execFile(process.execPath, [...words, '--data', house.directory], (failed, out, error) =>
    resolve({ status: failed === null ? 0 : Number(failed.code), out, error }),
  )
  return promise
}

test('what-if, new-root and the anchors tell in plain lines what is and what is next', async () => {
  const product = await withProduct(house)
  const device = await withDevice(house, product, 'PUMP-1')
  const code = await withCode(house, device)
  const request = await requestBy(await generateKey('p-256'))
  assert.equal(
    (await postEst(house, 'simpleenroll', request, { user: 'PUMP-1', code })).status,
    200,
  )

  const alone = await vitalsign('authority what-if root')
  assert.equal(alone.status, 1, 'as long as anything would break')
  assert.match(
    alone.out,
    /^if root ended now, and with it issuing-1, this would break: 1 device, 1 device that holds no other root, 2 entrances/,
  )
  assert.match(alone.out, /\nno other issuing authority is active: it cannot be ended yet\n/)
  assert.match(
    alone.out,
    /\ndevices:\n {2}pump: 1 hangs under it: PUMP-1\n {4}1 holds no other root\n/,
  )
  assert.match(
    alone.out,
    /\nwhat to do before:\n {2}1\. make the root that follows it: vitalsign authority new-root NAME --after root\n {2}2\. move its doors/,
  )

  const made = await vitalsign('authority new-root root-2')
  assert.equal(made.status, 0, made.error)
  assert.match(made.out, /^root-2 follows root: p-384, its key is in file\n/)
  const columns = made.out
    .split('\n')
    .filter((one) => /^ {2}\S/.test(one))
    .map((one) => one.search(/[0-9a-f]{64}/))
  assert.deepEqual([...new Set(columns)], [15], 'the digests stand under each other')
  assert.match(made.out, /nothing else moved/)

  const sets = await vitalsign('anchor list')
  assert.match(sets.out, /\npump +2 +0 +root, root-2 +\d{4}-/)
  assert.doesNotMatch(sets.out, /[0-9a-f]{64}/)
  const [newest] = JSON.parse((await vitalsign('anchor list --json')).out).items
  assert.equal(
    (await vitalsign(`device list --anchors ${newest.id} --json`)).out.includes('PUMP-1'),
    false,
  )
  const again = await vitalsign('authority new-root root-3 --after root')
  assert.equal(again.status, 1)
  assert.match(again.error, /root has its successor already/)
})
