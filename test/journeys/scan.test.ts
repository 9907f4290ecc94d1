// SPDX-License-Identifier: Apache-2.0
/** An image goes to the server, and a scan that was made beside it is held against the inventory. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { enrolled, openTestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import { callApi } from '../support/local-api.ts'

const house = await openTestHouse()
after(() => house.stop())
const pump = await withProduct(house)
const place = temporaryDirectory()
const program = join(import.meta.dirname, '../../bin/vitalsign')

/** The command line as a person runs it. */
function vitalsign(...words: string[]) {
  const { promise, resolve } = Promise.withResolvers<{ status: number; out: string; err: string }>()
  execFile(program, words, { cwd: place }, (error, out, err) => {
    resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err })
  })
  return promise
}

function send(body: Uint8Array, query: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    {
      ...{ socketPath: house.socket, path: `/api/v1/scans?${query}`, method: 'POST' },
      headers: { 'Content-Type': 'application/octet-stream' },
    },
    (answer) => void text(answer).then(resolve, reject),
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function leftOvers() {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('vitalsign-image-'))
}

const device = await enrolled(house, pump, 'PUMP-7')
const key = encodePem('PRIVATE KEY', encodePrivateKey(device.key.privateKey))

test('an image that is sent is scanned, recorded with its event, and not kept', async () => {
  const before = leftOvers()
  const image = gzipSync(key)
  const lines = (await send(image, `name=pump-1.4.2&product=${pump.id}`))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['received', 'finding', 'done'],
  )
  assert.deepEqual(lines[1].path, ['pump-1.4.2', 'content'])
  assert.equal(lines[2].result, 'found')
  assert.deepEqual(leftOvers(), before)
  const shown = await callApi(house, 'GET', `/scans/${lines[2].scan}`)
  assert.equal(shown.body.product, pump.id)
  assert.equal(shown.body.octets, image.length)
  assert.equal(shown.body.findings[0].rule, 'private-key')
  const listed = await callApi(house, 'GET', `/scans?sha256=${shown.body.sha256}`)
  assert.deepEqual(
    listed.body.items.map(({ id }: { id: string }) => id),
    [lines[2].scan],
  )
  // Numbered within a second of its commit.
  const told = () => callApi(house, 'GET', `/log?type=image-scanned&subject=${lines[2].scan}`)
  while ((await told()).body.items.length === 0) await turn()
})

test('of an image that is cut off on its way nothing stays, and the next is scanned', async () => {
  const before = leftOvers()
  const sent = request({
    ...{ socketPath: house.socket, path: '/api/v1/scans?name=cut', method: 'POST' },
    headers: { 'Content-Type': 'application/octet-stream' },
  })
  sent.on('error', () => {})
  sent.write(Buffer.alloc(65_536))
  while (leftOvers().length === before.length) await turn()
  sent.destroy()
  while (leftOvers().length > before.length) await turn()
  const clean = await send(gzipSync('nothing'), 'name=clean')
  assert.equal(JSON.parse(clean.trim().split('\n').at(-1)!).result, 'clean')
})

test('an image of a product that is not there is refused before it is read', async () => {
  const answer = JSON.parse(await send(Buffer.from('x'), `name=a&product=prd_${'0'.repeat(32)}`))
  assert.equal(answer.code, 'not-found')
})

test('the command line says whose a key is, records, and is a gate', async () => {
  mkdirSync(join(place, 'rootfs/etc'), { recursive: true })
  writeFileSync(join(place, 'rootfs/etc/device.key'), key)
  const strange = generateKeyPairSync('ed25519').privateKey
  writeFileSync(
    join(place, 'rootfs/etc/other.pem'),
    String(strange.export({ format: 'pem', type: 'pkcs8' })),
  )
  const { directory } = house
  const scanned = await vitalsign(
    ...['scan', 'rootfs', '--data', directory, '--record', '--product', 'pump'],
  )
  assert.equal(scanned.status, 1, scanned.err)
  assert.match(
    scanned.out,
    /this key belongs to device PUMP-7 \(.*\), with 1 certificate, 1 in force/,
  )
  assert.equal(scanned.out.match(/private-key-known:/g)?.length, 1)
  assert.match(scanned.err, /recorded as scn_/)
  const listed = await callApi(house, 'GET', `/scans?product=${pump.id}&result=found`)
  assert.ok(listed.body.items.some(({ name }: { name: string }) => name === 'rootfs'))
})

test('what somebody answers for passes the gate, in text, JSON and SARIF', async () => {
  const written = await vitalsign(
    ...['scan', 'rootfs', '--write-baseline', 'base.json', '--because', 'keys of a test'],
  )
  assert.equal(written.status, 1)
  const sarif = ['--sarif', 'scan.sarif']
  const again = await vitalsign('scan', 'rootfs', '--baseline', 'base.json', ...sarif, '--json')
  assert.equal(again.status, 0, again.err)
  const document = JSON.parse(again.out)
  assert.deepEqual([document.result, document.passed, document.counts.accepted], ['clean', true, 2])
  const run = JSON.parse(readFileSync(join(place, 'scan.sarif'), 'utf8')).runs[0]
  assert.ok(run.results.every(({ suppressions }: { suppressions: object[] }) => suppressions))
  for (const told of [scanText(written.out), again.out, readFileSync(join(place, 'scan.sarif'))])
    assert.ok(!String(told).includes(key.split('\n')[1]!))
})

function scanText(out: string): string {
  return out
}

test('wrong use is told as such: no path, no reason, a baseline that is none', async () => {
  writeFileSync(join(place, 'broken.json'), '{"accept": []}')
  for (const [words, said] of [
    [['scan', 'nowhere'], /nowhere is not there/],
    [['scan', 'rootfs', '--write-baseline', 'x.json'], /needs a reason/],
    [['scan', 'rootfs', '--because', 'why'], /says nothing without --write-baseline/],
    [['scan', 'rootfs', '--baseline', 'broken.json'], /broken.json: vitalsign-baseline must be 1/],
  ] as const) {
    const { status, err } = await vitalsign(...words)
    assert.equal(status, 2)
    assert.match(err, said)
  }
})
