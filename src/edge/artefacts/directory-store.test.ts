// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { sha256 } from '#trust/digest.ts'
import { openArtefactDirectory } from './directory-store.ts'
import { UploadSpool } from './upload-spool.ts'

const root = mkdtempSync(join(tmpdir(), 'vitalsign-artefacts-'))
after(() => rmSync(root, { recursive: true, force: true }))
const open = () => openArtefactDirectory(join(root, 'artefacts'), systemRandomness)
const store = await open()
const octets = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251)
let uploads = 0
const newUpload = () => `upl_${String(uploads++).padStart(32, '0')}`

async function* cutAfter(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
  throw new Error('the connection broke')
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function read(digest: Uint8Array): Promise<Uint8Array> {
  const opened = await store.open(digest)
  assert.ok(opened)
  try {
    return Uint8Array.from(await opened.source.read(0, opened.octets))
  } finally {
    await opened.close()
  }
}

test('octets are kept by their digest, once, and are nobody else’s to read', async () => {
  const kept = await store.keep([octets.subarray(0, 100), octets.subarray(100)])
  assert.deepEqual(kept, { sha256: sha256(octets), octets: octets.length })
  const path = join(root, 'artefacts', kept.sha256.toHex().slice(0, 2), kept.sha256.toHex())
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await store.keep([octets])
  assert.deepEqual(await read(kept.sha256), octets)
  assert.deepEqual(readdirSync(join(root, 'artefacts', 'uploads')), [])
})

test('an upload goes on where it was cut, also after the server began anew', async () => {
  const upload = newUpload()
  await store.begin(upload)
  const first = await store.append(upload, 0, cutAfter(octets.subarray(0, 1000)), octets.length)
  assert.deepEqual(first, { kind: 'appended', offset: 1000, wasMore: false })
  const again = await open()
  assert.equal(await again.offset(upload), 1000)
  const rest = await again.append(upload, 1000, whole(octets.subarray(1000)), octets.length)
  assert.deepEqual(rest, { kind: 'appended', offset: octets.length, wasMore: false })
  const kept = await again.finish(upload, sha256(octets), 'as-it-is')
  assert.deepEqual(kept.sha256, sha256(octets))
  await again.abandon(upload)
  assert.equal(await again.offset(upload), undefined)
  assert.deepEqual(await read(kept.sha256), octets)
})

test('what does not begin where an upload ends is told where that is, and nothing is written', async () => {
  const upload = newUpload()
  await store.begin(upload)
  await store.append(upload, 0, whole(octets.subarray(0, 10)), 20)
  const wrong = await store.append(upload, 5, whole(octets.subarray(5, 20)), 20)
  assert.deepEqual(wrong, { kind: 'elsewhere', offset: 10 })
  const unknown = await store.append(newUpload(), 0, whole(octets), 20)
  assert.deepEqual(unknown, { kind: 'elsewhere', offset: -1 })
})

test('uploads that began while there was room stop where the ledger’s begins, and go on later', async () => {
  let room = 1
  const place = join(root, 'full')
  mkdirSync(join(place, 'uploads'), { recursive: true })
  const spool = new UploadSpool(place, systemRandomness, async () => room)
  const [upload, piece] = [newUpload(), new Uint8Array(1_048_576)]
  async function* pieces() {
    for (let count = 0; count < 12; count++) {
      // Others fill the disk meanwhile.
      if (count === 6) room = 0
      yield piece
    }
  }
  await spool.begin(upload)
  const most = 12 * piece.length
  await assert.rejects(spool.append(upload, 0, pieces(), most), { code: 'store-full' })
  const { size } = statSync(join(place, 'uploads', upload))
  assert.equal(size, 8 * piece.length)
  await assert.rejects(spool.keep([piece]), { code: 'store-full' })
  room = 1
  const rest = await spool.append(upload, size, whole(new Uint8Array(most - size)), most)
  assert.deepEqual(rest, { kind: 'appended', offset: most, wasMore: false })
  const digest = sha256(new Uint8Array(most))
  assert.deepEqual((await spool.finish(upload, digest, 'as-it-is')).sha256, digest)
})

test('two appends to one upload do not mix', async () => {
  const upload = newUpload()
  await store.begin(upload)
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  async function* slow() {
    yield octets.subarray(0, 10)
    begun.resolve()
    await gate.promise
    yield octets.subarray(10, 20)
  }
  const first = store.append(upload, 0, slow(), 20)
  await begun.promise
  assert.deepEqual(await store.append(upload, 0, whole(octets), 20), { kind: 'busy' })
  gate.resolve()
  assert.deepEqual(await first, { kind: 'appended', offset: 20, wasMore: false })
})

test('more octets than were announced are not taken', async () => {
  const upload = newUpload()
  await store.begin(upload)
  const added = await store.append(upload, 0, whole(octets.subarray(0, 21)), 20)
  assert.deepEqual(added, { kind: 'appended', offset: 0, wasMore: true })
})

test('octets with another digest than announced are kept under no name', async () => {
  const upload = newUpload()
  const announced = sha256(Uint8Array.of(1))
  await store.begin(upload)
  await store.append(upload, 0, whole(octets.subarray(0, 20)), 20)
  const found = await store.finish(upload, announced, 'as-it-is')
  assert.deepEqual(found.sha256, sha256(octets.subarray(0, 20)))
  assert.equal(await store.size(announced), undefined)
  assert.equal(await store.size(found.sha256), undefined)
})

test('a file that is not what its digest says, cut or changed, is replaced by who brings it again', async () => {
  const bytes = octets.subarray(0, 5000)
  const name = sha256(bytes).toHex()
  const upload = newUpload()
  const again = [
    () => store.keep([bytes]),
    async () => {
      await store.begin(upload)
      await store.append(upload, 0, whole(bytes), bytes.length)
      return store.finish(upload, sha256(bytes), 'as-it-is')
    },
  ]
  await store.keep([bytes])
  for (const other of [bytes.subarray(7), bytes.with(9, 1)])
    for (const bring of again) {
      writeFileSync(join(root, 'artefacts', name.slice(0, 2), name), other)
      await bring()
      assert.deepEqual(await read(sha256(bytes)), Uint8Array.from(bytes))
      await store.abandon(upload)
    }
})

test('who wants octets at the moment that they are removed gets them back', async () => {
  const { sha256: digest } = await store.keep([Uint8Array.of(1, 2, 3)])
  await store.remove(digest, async () => {
    assert.equal(await store.size(digest), undefined, 'nobody can open them any more')
    return true
  })
  assert.equal(await store.size(digest), 3)
  await store.remove(digest, async () => false)
  assert.equal(await store.size(digest), undefined)
  await store.remove(digest, () => assert.fail('they are not here'))
})

test('what a crash left between its shelf and its end is put back and judged anew', async () => {
  const { sha256: digest } = await store.keep([Uint8Array.of(4, 5)])
  await assert.rejects(
    store.remove(digest, async () => {
      throw new Error('the machine stopped')
    }),
  )
  assert.equal(await store.size(digest), undefined)
  const found = []
  for await (const one of store.all()) found.push(one.sha256.toHex())
  assert.ok(found.includes(digest.toHex()))
  assert.equal(await store.size(digest), 2)
})

test('what was being kept when a process ended is removed once it surely is no more', async () => {
  const left = join(root, 'artefacts', 'uploads', `keep-${'1'.repeat(32)}`)
  writeFileSync(left, 'half')
  await store.tidy(Temporal.Now.instant().subtract({ hours: 24 }))
  assert.ok(existsSync(left), 'another server may be at it')
  await store.tidy(Temporal.Now.instant().add({ hours: 1 }))
  assert.ok(!existsSync(left))
})

test('what is taken away of an upload counts in its digest no more', async () => {
  const upload = newUpload()
  await store.begin(upload)
  await store.append(upload, 0, whole(octets.subarray(0, 500)), 1_000)
  await store.cut(upload, 200)
  assert.equal(await store.offset(upload), 200)
  await store.append(upload, 200, whole(octets.subarray(200, 300)), 1_000)
  const digest = sha256(octets.subarray(0, 300))
  for (const how of ['as-it-is', 'anew'] as const)
    assert.deepEqual(await store.finish(upload, digest, how), { sha256: digest, octets: 300 })
})

test('a name that is no upload reaches no file', async () => {
  assert.ok(!existsSync(join(root, 'outside')))
  await assert.rejects(() => store.begin('../../outside'), TypeError)
  assert.ok(!existsSync(join(root, 'outside')))
})
