// SPDX-License-Identifier: Apache-2.0
/** Octets of any size, over real HTTP: sent in parts, cut, resumed after a restart, fetched in ranges. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, test } from 'node:test'
import { sha256 } from '#trust/digest.ts'
import { openTestHouse, type TestHouse } from '../support/house.ts'

let house: TestHouse = await openTestHouse(undefined, {}, ['--artefact-limit', '1'])
after(() => house.stop())

interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Uint8Array
  // biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
  readonly document: any
}

function ask(
  method: string,
  path: string,
  body?: object | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>()
  const isBytes = body instanceof Uint8Array
  const type = isBytes ? 'application/partial-upload' : 'application/json'
  const sent = request({
    ...{ method, path: `/api/v1${path}`, socketPath: house.socket },
    headers: { ...(body !== undefined && { 'content-type': type }), ...headers },
  })
  sent.on('response', async (answer) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of answer) chunks.push(chunk)
    const bytes = Uint8Array.from(Buffer.concat(chunks))
    const isJson = String(answer.headers['content-type']).includes('json')
    const document =
      isJson && bytes.length > 0 ? JSON.parse(new TextDecoder().decode(bytes)) : undefined
    resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, document })
  })
  sent.on('error', reject)
  sent.end(isBytes || body === undefined ? body : JSON.stringify(body))
  return promise
}

/** Sends the head of a PATCH and some of its octets, and tears the connection down. */
async function cutOff(path: string, offset: number, octets: Uint8Array, of: number): Promise<void> {
  const sent = request({
    ...{ method: 'PATCH', path: `/api/v1${path}`, socketPath: house.socket },
    headers: {
      ...{ 'content-type': 'application/partial-upload', 'upload-offset': String(offset) },
      'content-length': String(of),
    },
  })
  sent.on('error', () => undefined)
  await new Promise<void>((resolve) => sent.write(octets, () => resolve()))
  // Cut once the server has it: it says so itself.
  while ((await progress(path)).document.offset < offset + octets.length)
    await new Promise((resolve) => setImmediate(resolve))
  sent.destroy()
}

const progress = (path: string) => ask('GET', path)

async function begun(octets: Uint8Array, name = 'app.bin'): Promise<Told> {
  return ask('POST', '/artefacts/uploads', {
    ...{ name, octets: octets.length, sha256: sha256(octets).toHex() },
  })
}

const image = Uint8Array.from({ length: 400_000 }, (_, index) => (index * 31) % 253)

test('an upload that is cut goes on after the server was started anew, and is kept', async () => {
  const begin = await begun(image)
  assert.deepEqual([begin.status, begin.document.offset], [201, 0])
  const path = `/artefacts/uploads/${begin.document.upload}`
  const first = await ask('PATCH', path, image.subarray(0, 100_000), { 'upload-offset': '0' })
  assert.deepEqual([first.status, first.headers['upload-offset']], [200, '100000'])
  await cutOff(path, 100_000, image.subarray(100_000, 165_536), 300_000)
  await house.stop()
  house = await openTestHouse(house.directory, {}, ['--artefact-limit', '1'])
  const head = await ask('HEAD', path)
  assert.equal(head.status, 200)
  assert.deepEqual(
    [head.headers['upload-length'], head.headers['upload-complete'], head.bytes.length],
    ['400000', '?0', 0],
  )
  const offset = Number(head.headers['upload-offset'])
  assert.ok(offset >= 165_536, `what came before the cut stays: ${offset}`)
  const again = await begun(image)
  assert.deepEqual(again.document, { ...begin.document, offset }, 'begun again, it is the same')
  const last = await ask('PATCH', `${path}?offset=${offset}`, image.subarray(offset))
  assert.deepEqual([last.status, last.document.complete], [200, true])
  const here = await begun(image)
  assert.deepEqual([here.document.upload, here.document.complete], [null, true])
})

test('octets are fetched whole or from where a transfer was cut', async () => {
  const path = `/artefacts/${sha256(image).toHex()}`
  const all = await ask('GET', path)
  assert.deepEqual([all.status, sha256(all.bytes)], [200, sha256(image)])
  const etag = String(all.headers['etag'])
  const part = await ask('GET', path, undefined, { range: 'bytes=399990-', 'if-range': etag })
  assert.deepEqual(
    [part.status, part.headers['content-range'], part.bytes],
    [206, 'bytes 399990-399999/400000', image.subarray(399_990)],
  )
  const tail = await ask('GET', path, undefined, { range: 'bytes=-5' })
  assert.deepEqual([tail.status, tail.bytes], [206, image.subarray(399_995)])
  const other = await ask('GET', path, undefined, { range: 'bytes=5-6', 'if-range': '"x"' })
  assert.equal(other.status, 200, 'a range of something else is all of this')
  const beyond = await ask('GET', path, undefined, { range: 'bytes=400000-' })
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */400000'])
  const unknown = await ask('GET', `/artefacts/${'0'.repeat(64)}`)
  assert.equal(unknown.document.code, 'not-found')
})

test('what is not as it was announced is refused by name and removed', async () => {
  const announced = Uint8Array.from({ length: 1000 }, () => 1)
  const begin = await begun(announced)
  const path = `/artefacts/uploads/${begin.document.upload}`
  const wrong = await ask('PATCH', path, new Uint8Array(1000), { 'upload-offset': '0' })
  assert.deepEqual([wrong.status, wrong.document.code], [422, 'artefact-digest-differs'])
  assert.match(wrong.document.detail, /they have SHA-256 [0-9a-f]{64}, announced was/)
  const more = await ask('PATCH', path, new Uint8Array(1), { 'upload-offset': '1000' })
  assert.equal(more.document.code, 'upload-ended')
  assert.equal((await progress(path)).document.code, 'upload-ended')
  const longer = await begun(announced)
  const over = await ask(
    ...(['PATCH', `/artefacts/uploads/${longer.document.upload}`, new Uint8Array(1001)] as const),
    { 'upload-offset': '0' },
  )
  assert.equal(over.document.code, 'artefact-digest-differs')
  await house.sequence()
  const { document } = await ask('GET', '/log?type=artefact-refused')
  assert.equal(document.items.length, 2)
})

test('what does not begin where the upload ends is told so', async () => {
  const octets = Uint8Array.from({ length: 1001 }, () => 2)
  const path = `/artefacts/uploads/${(await begun(octets)).document.upload}`
  const wrong = await ask('PATCH', path, octets.subarray(5), { 'upload-offset': '5' })
  assert.deepEqual([wrong.status, wrong.document.code], [409, 'upload-offset-differs'])
  assert.match(wrong.document.detail, /is at 0, not at 5/)
  const without = await ask('PATCH', path, octets)
  assert.deepEqual([without.status, without.document.code], [400, 'input-wrong'])
  assert.deepEqual((await ask('DELETE', path)).document, { done: true })
  assert.equal((await progress(path)).document.code, 'upload-ended')
})

test('an upload of which nothing is here is told apart from one that nobody knows', async () => {
  const octets = Uint8Array.from({ length: 1002 }, () => 3)
  const { document } = await begun(octets)
  await house.core.artefacts.abandon(document.upload)
  const path = `/artefacts/uploads/${document.upload}`
  assert.equal((await progress(path)).document.code, 'upload-not-here')
  const sent = await ask('PATCH', path, octets, { 'upload-offset': '0' })
  assert.equal(sent.document.code, 'upload-not-here')
  assert.equal((await progress(`/artefacts/uploads/upl_${'0'.repeat(32)}`)).status, 404)
})

test('an artefact larger than the setting lets in is refused before it is sent', async () => {
  const asked = { name: 'x.bin', octets: 1_000_001, sha256: '0'.repeat(64) }
  const { status, document } = await ask('POST', '/artefacts/uploads', asked)
  assert.deepEqual([status, document.code], [413, 'artefact-too-large'])
})
