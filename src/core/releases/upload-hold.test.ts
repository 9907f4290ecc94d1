// SPDX-License-Identifier: Apache-2.0
/** Several servers, one directory, one upload: each has its own view of the files, and all have one ledger. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openArtefactDirectory } from '#edge/artefacts/directory-store.ts'
import { sha256 } from '#trust/digest.ts'
import { openTestCore, operator } from '../../../test/support/core.ts'
import { collectArtefacts } from './collect.ts'
import type { UploadPorts } from './upload-hold.ts'
import { appendUpload, beginUpload, uploadProgress } from './uploads.ts'

const core = await openTestCore()
after(() => core.close())
const root = core.means.configuration.artefacts
const octets = Uint8Array.from({ length: 90_000 }, (_, index) => (index * 13) % 247)
let uploads = 0

async function node(name: string, ...predecessors: readonly string[]): Promise<UploadPorts> {
  return {
    ...{ ...core, node: name, artefacts: await openArtefactDirectory(root, core.random) },
    thisNode: { sharedClock: core.clock, predecessors: new Set(predecessors) },
  }
}

const [one, other] = [await node('one'), await node('other')]

/** Octets that nobody sent before, and their upload, begun on `one`. */
async function begin(length = octets.length) {
  const bytes = octets.slice(0, length)
  bytes[0] = ++uploads
  const asked = { name: 'app.bin', octets: length, sha256: sha256(bytes) }
  const begun = await beginUpload(asked, 1_000_000, operator, one)
  assert.equal(begun.kind, 'open')
  return { bytes, upload: begun.kind === 'open' ? begun.upload : assert.fail() }
}

type Begun = Awaited<ReturnType<typeof begin>>

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

const add = ({ upload, bytes }: Begun, at: number, to: number, ports: UploadPorts) =>
  appendUpload(upload, at, pieces(bytes.subarray(at, to)), operator, ports)

const place = async ({ upload }: Begun, ports: UploadPorts) => {
  const at = await uploadProgress(await rowOf(upload.id), ports)
  return at.kind === 'at' ? at.offset : assert.fail(at.detail)
}

const rowOf = async (id: string) => (await core.ledger.read('upload', id)) ?? assert.fail()

/** A sender that gives some octets, and the rest when it is told to. */
function slowly({ bytes }: Begun, from: number, middle: number, to: number) {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  async function* chunks() {
    yield bytes.subarray(from, middle)
    begun.resolve()
    await gate.promise
    yield bytes.subarray(middle, to)
  }
  return { chunks: chunks(), begun: begun.promise, goOn: () => gate.resolve() }
}

async function kept(ports: UploadPorts, digest: Uint8Array): Promise<Uint8Array> {
  const opened = (await ports.artefacts.open(digest)) ?? assert.fail('it is not here')
  try {
    return Uint8Array.from(await opened.source.read(0, opened.octets))
  } finally {
    await opened.close()
  }
}

test('an upload goes on at every server in turn, and is read once by each', async () => {
  const begun = await begin()
  for (const [at, to, ports] of [
    [0, 20_000, other],
    [20_000, 50_000, one],
    [50_000, 70_000, other],
  ] as const) {
    const added = await add(begun, at, to, ports)
    assert.deepEqual([added.kind, added.kind === 'open' && added.offset], ['open', to])
    assert.equal(await place(begun, one), to)
  }
  const done = await add(begun, 70_000, octets.length, one)
  assert.equal(done.kind, 'stored')
  assert.deepEqual(await kept(other, begun.upload.sha256), begun.bytes)
  const { state, hold, takenOver } = await rowOf(begun.upload.id)
  assert.deepEqual([state, hold, takenOver], ['done', null, false])
})

test('of two servers that add to one upload one does, and the other says which, and until when', async () => {
  const begun = await begin()
  const { chunks, begun: wrote, goOn } = slowly(begun, 0, 10_000, 20_000)
  const first = appendUpload(begun.upload, 0, chunks, operator, one)
  await wrote
  for (const ports of [other, one]) {
    const refused = await add(begun, 0, 20_000, ports)
    assert.equal(refused.kind === 'refused' && refused.reason, 'busy')
    assert.match(refused.kind === 'refused' ? refused.detail : '', /on one; ask again .* at 2026-/)
  }
  goOn()
  assert.deepEqual((await first).kind, 'open')
  assert.equal(await place(begun, other), 20_000)
  assert.equal((await add(begun, 20_000, octets.length, other)).kind, 'stored')
})

test('a server that reads a large upload when it is whole holds it all the while', async () => {
  const bytes = Uint8Array.from({ length: 4_000_000 }, (_, index) => index % 251)
  const asked = { name: 'large.bin', octets: bytes.length, sha256: sha256(bytes) }
  const begun = await beginUpload(asked, 10_000_000, operator, one)
  const upload = begun.kind === 'open' ? begun.upload : assert.fail(begun.kind)
  const large = { upload, bytes }
  assert.equal((await add(large, 0, 3_900_000, one)).kind, 'open')
  const others: string[] = []
  async function* slow(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      core.clock.pass({ seconds: 40 })
      yield chunk
      const taken = await add(large, 4_000_000, 4_000_000, one)
      others.push(taken.kind === 'refused' ? taken.reason : taken.kind)
    }
  }
  const { artefacts } = other
  const finish: typeof artefacts.finish = (id, digest, how, guard = (chunks) => chunks) =>
    artefacts.finish(id, digest, how, (chunks) => guard(slow(chunks)))
  const done = await add(large, 3_900_000, 4_000_000, {
    ...other,
    artefacts: { ...artefacts, finish },
  })
  assert.equal(done.kind, 'stored', done.kind === 'refused' ? done.detail : '')
  assert.deepEqual([...new Set(others)], ['busy'])
  assert.ok(others.length >= 3)
})

test('two that begin at one moment do not both get it', async () => {
  const begun = await begin(30_000)
  const both = await Promise.all([one, other].map((ports) => add(begun, 0, 30_000, ports)))
  assert.deepEqual(both.map(({ kind }) => kind).toSorted(), ['refused', 'stored'])
  assert.deepEqual(await kept(one, begun.upload.sha256), begun.bytes)
})

test('a server that is silent for a minute is taken over at what it acknowledged, and writes no more', async () => {
  const begun = await begin()
  assert.equal((await add(begun, 0, 20_000, one)).kind, 'open')
  const { chunks, begun: wrote, goOn } = slowly(begun, 20_000, 40_000, 60_000)
  const frozen = appendUpload(begun.upload, 20_000, chunks, operator, one)
  await wrote
  core.clock.pass({ seconds: 61 })
  assert.equal(await place(begun, other), 20_000, 'what nobody acknowledged is not counted')
  assert.equal((await add(begun, 20_000, 30_000, other)).kind, 'open')
  goOn()
  const late = await frozen
  assert.equal(late.kind === 'refused' && late.reason, 'conflict')
  assert.equal(await place(begun, other), 30_000, 'nothing that came late is in it')
  assert.equal((await add(begun, 30_000, octets.length, other)).kind, 'stored')
  assert.deepEqual(await kept(one, begun.upload.sha256), begun.bytes)
})

test('a sender that is slow, and not silent, keeps its hold', async () => {
  const begun = await begin(30_000)
  async function* slow() {
    for (let at = 0; at < 30_000; at += 5_000) {
      yield begun.bytes.subarray(at, at + 5_000)
      core.clock.pass({ seconds: 40 })
      const refused = await add(begun, 0, 30_000, other)
      assert.equal(refused.kind === 'refused' && refused.reason, 'busy')
    }
  }
  assert.equal((await appendUpload(begun.upload, 0, slow(), operator, one)).kind, 'stored')
})

test('what a frozen server still writes into a file that it has open is in nothing that is kept', async () => {
  const begun = await begin()
  const file = await open(join(root, 'uploads', begun.upload.id), 'r+')
  try {
    const { chunks, begun: wrote, goOn } = slowly(begun, 0, 10_000, 20_000)
    const frozen = appendUpload(begun.upload, 0, chunks, operator, one)
    await wrote
    core.clock.pass({ seconds: 61 })
    assert.equal((await add(begun, 0, octets.length, other)).kind, 'stored')
    await file.write(new Uint8Array(1_000), 0, 1_000, 0)
    assert.deepEqual(await kept(other, begun.upload.sha256), begun.bytes)
    goOn()
    assert.equal((await frozen).kind, 'refused')
  } finally {
    await file.close()
  }
})

test('whoever starts again in the place of a dead server goes on at once with all that is there', async () => {
  const begun = await begin()
  const { chunks, begun: wrote } = slowly(begun, 0, 10_000, 20_000)
  void appendUpload(begun.upload, 0, chunks, operator, one)
  await wrote
  const successor = await node('one again', 'one')
  assert.equal(await place(begun, successor), 10_000)
  assert.equal((await add(begun, 10_000, octets.length, successor)).kind, 'stored')
  assert.deepEqual(await kept(other, begun.upload.sha256), begun.bytes)
})

test('an upload that is given up while something is added to it is over', async () => {
  const begun = await begin()
  const { chunks, begun: wrote, goOn } = slowly(begun, 0, 10_000, octets.length)
  const adding = appendUpload(begun.upload, 0, chunks, operator, one)
  await wrote
  const row = await rowOf(begun.upload.id)
  const record = { ...row, version: row.version + 1, state: 'ended' as const }
  await core.ledger.commit({ puts: [{ kind: 'upload', record }], events: [] })
  goOn()
  const ended = await adding
  assert.equal(ended.kind === 'refused' && ended.reason, 'conflict')
  const more = await add(begun, 0, octets.length, other)
  assert.equal(more.kind === 'refused' && more.reason, 'upload-ended')
})

test('where servers share no directory, who has nothing of an upload names where it was begun', async () => {
  const begun = await begin()
  const apart: UploadPorts = {
    ...(await node('apart')),
    artefacts: await openArtefactDirectory(join(root, 'apart'), core.random),
  }
  for (const refused of [
    await add(begun, 0, 10, apart),
    await uploadProgress(begun.upload, apart),
  ]) {
    assert.equal(refused.kind === 'refused' && refused.reason, 'upload-not-here')
    assert.match(refused.kind === 'refused' ? refused.detail : '', /it was begun on one,/)
  }
  // Days after it began, but not after something came.
  const { signal } = new AbortController()
  core.clock.pass({ hours: 60 })
  assert.equal((await add(begun, 0, 10, one)).kind, 'open')
  core.clock.pass({ hours: 60 })
  await collectArtefacts(apart, signal)
  assert.equal((await rowOf(begun.upload.id)).state, 'open', 'and does not end it')
  assert.equal((await add(begun, 10, octets.length, one)).kind, 'stored')
  const idle = await begin()
  core.clock.pass({ hours: 73 })
  await collectArtefacts(apart, signal)
  assert.equal((await rowOf(idle.upload.id)).state, 'ended', 'but what is idle it ends')
})
