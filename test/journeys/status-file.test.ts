// SPDX-License-Identifier: Apache-2.0
/** A gateway without a way to ask: docs/guides/status-without-network.md, line by line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { revoke } from '#core/revocation/revoke.ts'
import { encodePem } from '#format/pem.ts'
import { applyDelta } from '#trust/compact-status/delta.ts'
import {
  enrolled,
  openTestHouse,
  rootPem,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'

/** The house lives some minutes ago at first, so that what is issued then is covered now. */
let agoSeconds = 600
const clock = { now: () => Temporal.Now.instant().subtract({ seconds: agoSeconds }) }
const house = await openTestHouse(temporaryDirectory(), { clock })
after(() => house.stop())
const place = temporaryDirectory()

function vitalsign(line: string): Promise<{ status: number; out: string; error: string }> {
  const words = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts', ...line.split(' ')]
  const { promise, resolve } = Promise.withResolvers<{
    status: number
    out: string
    error: string
  }>()
  execFile(process.execPath, words, (failed, out, error) =>
    resolve({ status: failed === null ? 0 : Number(failed.code), out, error }),
  )
  return promise
}

const served = (line: string) => vitalsign(`${line} --data ${house.directory}`)

async function fetched(path: string): Promise<Response> {
  const { host, port } = house.addresses.status
  return fetch(`http://${host}:${port}${path}`)
}

async function keep(name: string, path: string): Promise<Uint8Array> {
  const answer = await fetched(path)
  assert.equal(answer.status, 200, path)
  const bytes = await answer.bytes()
  writeFileSync(join(place, name), bytes)
  return bytes
}

test('a gateway learns offline which pump is cut off, and follows by deltas', async () => {
  const product = await withProduct(house)
  const pumps = [await enrolled(house, product, 'PUMP-1'), await enrolled(house, product, 'PUMP-2')]
  await house.core.anchors.refresh()
  agoSeconds = 0
  const issuing = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  const chain = encodePem('CERTIFICATE', issuing!.certificate)
  writeFileSync(join(place, 'root.pem'), rootPem(house))
  for (const [index, { certificate }] of pumps.entries())
    writeFileSync(join(place, `${index}.pem`), encodePem('CERTIFICATE', certificate) + chain)
  const check = (file: string, more = '') =>
    vitalsign(`status-file check ${place}/${file}${more} --anchors ${place}/root.pem`)

  const made = await served('status-file make')
  assert.equal(made.status, 0, made.error)
  const listed = JSON.parse((await served('status-file list --json')).out).items[0]
  assert.deepEqual([listed.products, listed.number], [['pump'], 1])
  const first = await keep('a.vss', listed.path)
  const living = await check('a.vss', ` ${place}/0.pem`)
  assert.equal(living.status, 0, living.error)
  assert.match(living.out, /^✓ the file is signed, and fresh\n {2}number +1\n/)
  assert.match(living.out, /✓ fine: .*PUMP-1.*\n✓ fine: /)

  const [record] = (
    await house.core.ledger.list('certificate', { by: 'deviceSerial', equal: ['PUMP-1'], limit: 1 })
  ).items
  await revoke(
    { id: record!.id, reason: 'keyCompromise', because: 'stolen' },
    { kind: 'person', id: 'test' },
    house.core,
  )
  // What the job does within a minute.
  await house.core.statusFiles.refresh()
  const index = JSON.parse(await (await fetched('/status/index.json')).text())
  const [{ newest }] = index.sets
  assert.equal(newest.number, 2)
  const delta = await keep('1-to-2.delta', newest.deltas[0].file)
  const applied = applyDelta(first, delta)
  assert.ok(applied.kind === 'applied')
  assert.deepEqual(applied.bytes, await keep('b.vss', listed.path))
  const [ended, other, verify, lookUp] = await Promise.all([
    check('b.vss', ` ${place}/0.pem`),
    check('b.vss', ` ${place}/1.pem`),
    served('status-file verify --json'),
    served(`status-file look-up ${place}/0.pem --json`),
  ])
  assert.equal(ended.status, 1)
  assert.match(ended.out, /✗ revoked: .*PUMP-1.*\n✓ fine: /)
  assert.equal(other.status, 0)
  const verified = JSON.parse(verify.out)
  assert.equal(verified.good, true)
  assert.ok(verified.files[0].certificates >= 4)
  assert.equal(JSON.parse(lookUp.out).answers[0].answer, 'revoked')
  assert.deepEqual(house.troubles, [])
})
