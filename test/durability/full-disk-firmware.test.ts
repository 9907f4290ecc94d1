// SPDX-License-Identifier: Apache-2.0
/** What firmware and scans write is refused in words where there is no room, and goes on once there is. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { applyPlan } from '#core/signing/signing-plan.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { sha256 } from '#trust/digest.ts'
import { approvedRelease } from '../support/approved-release.ts'
import { operator } from '../support/core.ts'
import { openTestHouse, type TestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import { callApi } from '../support/local-api.ts'
import { mcubootImage } from '../support/scan/firmware-bytes.ts'
import { whileFull, withoutPrlimit } from '../support/small-files.ts'

/** More than the ledger takes, and less than what is sent. */
const room = 3_000_000
const octets = Uint8Array.from({ length: room + 500_000 }, (_, index) => (index * 7_919) >> 9)
const skip = { skip: withoutPrlimit }

let house: TestHouse
const images = temporaryDirectory()

before(async () => {
  if (withoutPrlimit) return
  house = await openTestHouse()
  process.env['TMPDIR'] = images
})
after(async () => {
  await house?.stop()
  assert.deepEqual(house?.troubles ?? [], [])
})

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
async function send(method: string, path: string, type: string, body: Uint8Array): Promise<any[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    {
      ...{ socketPath: house.socket, path: `/api/v1${path}`, method },
      headers: { 'content-type': type },
    },
    (answer) => void text(answer).then(resolve, reject),
  )
  sent.on('error', reject)
  sent.end(body)
  const lines = (await promise).trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

const patch = (upload: string, at: number, to = octets.length) =>
  send(
    ...(['PATCH', `/artefacts/uploads/${upload}?offset=${at}`] as const),
    ...(['application/partial-upload', octets.subarray(at, to)] as const),
  )
const scan = (name: string, body: Uint8Array) =>
  send('POST', `/scans?name=${name}`, 'application/octet-stream', body)
const progress = async (upload: string) =>
  (await callApi(house, 'GET', `/artefacts/uploads/${upload}`)).body.offset

/** What of octets is on its way, or was left there. */
const underWay = () => readdirSync(join(house.directory, 'artefacts', 'uploads'))

test(
  'an upload for which the disk has no room stays as far as it came, and goes on',
  skip,
  async () => {
    const asked = { name: 'app.bin', octets: octets.length, sha256: sha256(octets).toHex() }
    const { upload } = (await callApi(house, 'POST', '/artefacts/uploads', asked)).body
    await patch(upload, 0, 1_000_000)
    await whileFull(room, async () => {
      const [refused] = await patch(upload, 1_000_000)
      assert.equal(refused.code, 'store-full')
      assert.match(
        refused.detail,
        /the disk of the server is full; what came of upl_\w+ stays: free/,
      )
      assert.equal(
        await progress(upload),
        room,
        'what was acknowledged is there, and what came since',
      )
      assert.equal(
        (await patch(upload, room))[0].code,
        'store-full',
        'and nobody has to wait for it',
      )
    })
    const [done] = await patch(upload, await progress(upload))
    assert.deepEqual([done.complete, done.sha256], [true, asked.sha256])
    assert.deepEqual(underWay(), [])
  },
)

test('an image for which there is no room is refused, and nothing of it stays', skip, async () => {
  const [refused, ...more] = await whileFull(room, () => scan('large', octets))
  assert.deepEqual([refused.kind, refused.reason, more.length], ['refused', 'store-full', 0])
  assert.match(refused.detail, /nothing was recorded: free space, and have it scanned again/)
  assert.deepEqual(readdirSync(images), [])
  assert.equal((await scan('large', octets)).at(-1).kind, 'done')
})

test('what a scan cannot unpack for want of room is told as not scanned', skip, async () => {
  // An image in an image is read where it lies, and what comes out of gzip lies nowhere yet.
  const packed = gzipSync(mcubootImage(octets))
  const lines = await whileFull(room, () => scan('packed', packed))
  const told = lines.find(({ kind }) => kind === 'not-scanned')
  assert.match(told?.because ?? '', /no room in the temporary directory: EFBIG/)
  assert.equal(lines.at(-1).result, 'part')
  assert.deepEqual(readdirSync(images), [])
  assert.equal((await scan('packed', packed)).at(-1).result, 'clean')
})

test(
  'a release whose signed files have no room is signed in no form, and stays approved',
  skip,
  async () => {
    const pump = await withProduct(house)
    for (const [name, forms] of [
      ['boot', ['mcuboot']],
      ['bare', ['raw']],
    ] as const)
      await callApi(house, 'POST', '/signing-keys', { product: pump.id, name, forms })
    const options = { version: '1.0.0', headerSize: 32, padHeader: true }
    const lines = [
      { form: 'raw', artefacts: ['*.bin'] },
      { form: 'mcuboot', artefacts: ['*.bin'], name: '{stem}.signed.bin', options },
    ]
    const { forms } = await signingPorts(house.core)
    const applied = await applyPlan(pump, lines, operator, { ...house.core, forms })
    assert.equal(applied.kind, 'applied')
    // The image has room, and with its header it has none.
    const image = octets.subarray(0, room - 10)
    const { id } = await approvedRelease(house.core, pump, { 'app.bin': image })
    const sign = async () => (await send('POST', `/releases/${id}/sign`, json, noForms)).at(-1)
    const refused = await whileFull(room, sign)
    assert.deepEqual([refused.kind, refused.reason], ['refused', 'store-full'])
    assert.match(refused.detail, /nothing was signed: free space, and sign again/)
    assert.deepEqual(underWay(), [])
    const shown = (await callApi(house, 'GET', `/releases/${id}`)).body
    assert.deepEqual([shown.state, shown.signed], ['approved', []])
    const signed = await sign()
    assert.deepEqual([signed.kind, signed.signed.length], ['signed', 2])
  },
)

const json = 'application/json'
const noForms = new TextEncoder().encode('{}')
