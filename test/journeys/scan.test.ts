// SPDX-License-Identifier: Apache-2.0
/** An image goes to the server, and a scan that was made beside it is held against the inventory. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { enrolled, openTestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import { listOf } from '../support/key-lists.ts'
import { callApi } from '../support/local-api.ts'

const house = await openTestHouse()
after(() => house.stop())
const pump = await withProduct(house)
const place = temporaryDirectory()
// Where images are kept while they are scanned: others scan at the same time, and have theirs elsewhere.
const kept = temporaryDirectory()
process.env['TMPDIR'] = kept
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
  return readdirSync(kept).filter((name) => name.startsWith('vitalsign-image-'))
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
    ['received', 'finding', 'finding', 'done'],
  )
  assert.deepEqual(lines[1].path, ['pump-1.4.2', 'content'])
  assert.equal(lines[2].rule, 'private-key-known')
  assert.match(lines[2].what, /^this key belongs to device PUMP-7 /)
  assert.equal(lines[3].result, 'found')
  assert.deepEqual(leftOvers(), before)
  const shown = await callApi(house, 'GET', `/scans/${lines[3].scan}`)
  assert.equal(shown.body.product, pump.id)
  assert.equal(shown.body.octets, image.length)
  assert.equal(shown.body.findings[0].rule, 'private-key')
  const meant = shown.body.meanings.map(({ rule }: { rule: string }) => rule)
  assert.deepEqual(meant, ['private-key', 'private-key-known'])
  const listed = await callApi(house, 'GET', `/scans?sha256=${shown.body.sha256}`)
  assert.deepEqual(
    listed.body.items.map(({ id }: { id: string }) => id),
    [lines[3].scan],
  )
  // Numbered within a second of its commit.
  const told = () => callApi(house, 'GET', `/log?type=image-scanned&subject=${lines[3].scan}`)
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

/** Without any form: what a device with a page of flash for its settings keeps. */
const raw = Uint8Array.fromBase64(String(device.key.privateKey.export({ format: 'jwk' }).d), {
  alphabet: 'base64url',
})

test('32 octets that are the key of a device in the inventory are told, with nothing else in the image', async () => {
  const answer = await send(raw, 'name=settings.bin')
  const [, finding, done] = answer
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual([finding.rule, finding.offset], ['private-key-known', 0])
  assert.match(finding.what, /^32 octets that are the p-256 private key of device PUMP-7 /)
  assert.equal(done.result, 'found')
  writeFileSync(join(place, 'settings.bin'), raw)
  const here = await vitalsign('scan', 'settings.bin')
  assert.equal(here.status, 0, here.out)
  const asked = await vitalsign('scan', 'settings.bin', '--data', house.directory)
  assert.equal(asked.status, 1, asked.err)
  assert.match(asked.out, /private-key-known: 32 octets .* of device PUMP-7 /)
})

test('of the key of an authority it is said how many devices rely on it', async () => {
  const { items } = await house.core.ledger.list('authority', { limit: 10 })
  const keys = await Promise.all(
    items.map(({ key: id }) => house.core.ledger.read('key', id ?? '')),
  )
  const { body } = await callApi(house, 'POST', '/keys/owners', {
    fingerprints: keys.flatMap((one) => one?.fingerprint.toHex() ?? []),
  })
  const devices = (kind: string) =>
    items
      .filter((one) => one.kind === kind)
      .map(({ id }) => body.known.find(({ owner }: { owner: string }) => owner === id).devices)
  assert.ok(devices('issuing').includes(1))
  assert.deepEqual(
    devices('root').filter((count) => count > 0),
    [1],
  )
})

test('a key in a list of weak keys that was taken in is told by a scan that knows the data directory', async () => {
  const { privateKey, publicKey } = await generateKey('p-256')
  const lists = join(house.directory, 'weak-keys')
  mkdirSync(lists, { recursive: true })
  writeFileSync(join(lists, 'one.list'), listOf([publicKey]).bytes)
  writeFileSync(join(lists, 'two.list'), 'no list')
  writeFileSync(join(place, 'listed.pem'), encodePem('PRIVATE KEY', encodePrivateKey(privateKey)))
  const { out, err } = await vitalsign('scan', 'listed.pem', '--data', house.directory)
  assert.match(out, /weak-key: a private key: the key stands in the list known, chosen keys/)
  assert.match(err, /two.list was not asked/)
  rmSync(lists, { recursive: true })
})

test('nothing of a secret stays in the installation that scanned it', async () => {
  const secrets = ['Tango-Uniform-4', raw.toHex(), raw.toBase64(), key.split('\n')[1]!]
  const settings = `[wifi-security]\npsk=Tango-Uniform-4\n\n${key}\nkey=${raw.toHex()}\n`
  const answer = await send(Buffer.from(settings), 'name=all-of-it')
  const done = JSON.parse(answer.trim().split('\n').at(-1)!)
  assert.equal(done.found, 3, answer)
  // Found again, the same things bear the same identities, wherever the image lay meanwhile.
  const identities = (lines: string) => lines.match(/"identity":"[0-9a-f]+"/g)
  assert.deepEqual(
    identities(await send(Buffer.from(settings), 'name=all-of-it')),
    identities(answer),
  )
  // Numbered within a second of its commit.
  const events = () => callApi(house, 'GET', `/log?type=image-scanned&subject=${done.scan}`)
  while ((await events()).body.items.length === 0) await turn()
  const stored = readdirSync(house.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
  const shown = [answer, JSON.stringify(house.troubles), ...stored]
  assert.ok(stored.some((octets) => octets.includes(done.scan) || octets.includes('all-of-it')))
  for (const secret of secrets) {
    assert.ok(shown.every((told) => !told.includes(secret)))
    assert.ok(stored.every((octets) => !octets.includes(raw)))
  }
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

test('a file that cannot be written costs the scan nothing that it found', async () => {
  const told = await vitalsign('scan', 'rootfs', '--sarif', 'nowhere/scan.sarif')
  assert.equal(told.status, 3)
  assert.match(told.err, /nowhere\/scan\.sarif cannot be written[\s\S]*look at --sarif/)
  assert.match(told.out, /private-key: P-256 private key/)
})

function scanText(out: string): string {
  return out
}

test('wrong use is told as such: no path, no reason, a baseline that is none', async () => {
  writeFileSync(join(place, 'broken.json'), '{"accept": []}')
  for (const [words, said] of [
    [['scan', 'nowhere'], /nowhere is not there/],
    [['scan', 'rootfs', '--write-baseline', 'x.json'], /needs a reason/],
    [
      ['scan', 'rootfs', '--write-baseline', 'base.json', '--because', 'again'],
      /base.json is there already/,
    ],
    [['scan', 'rootfs', '--because', 'why'], /says nothing without --write-baseline/],
    [['scan', 'rootfs', '--baseline', 'broken.json'], /broken.json: vitalsign-baseline must be 1/],
  ] as const) {
    const { status, err } = await vitalsign(...words)
    assert.equal(status, 2)
    assert.match(err, said)
  }
})
