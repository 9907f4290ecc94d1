// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCheckpoint } from '#format/tlog/checkpoint.ts'
import { parseEntryBundle } from '#format/tlog/entry-bundle.ts'
import { encodeTilePath } from '#format/tlog/tile.ts'
import { leafHash } from '#trust/tlog/merkle.ts'
import { verifyNote } from '#trust/tlog/note.ts'
import { verifyInclusion } from '#trust/tlog/proof.ts'
import { proveInclusion } from '#trust/tlog/prove.ts'
import { House, log } from '../../../test/log-house.ts'
import type { HttpResponse } from '../http/message.ts'
import { tlogRoutes } from './routes.ts'

function asker(house: House): (path: string) => Promise<HttpResponse & { bytes: Uint8Array }> {
  const routes = tlogRoutes(house.store)
  return async (path) => {
    const route = routes.find((one) =>
      one.path.endsWith('/*') ? path.startsWith(one.path.slice(0, -1)) : one.path === path,
    )
    assert.ok(route, path)
    const response = await route.handler({
      method: 'GET',
      path,
      query: new URLSearchParams(),
      headers: {},
      body: new Uint8Array(),
      peer: { address: '192.0.2.1', certificates: [] },
      requestId: 'test',
    })
    const { body } = response
    assert.ok(typeof body === 'string' || body instanceof Uint8Array)
    return { ...response, bytes: typeof body === 'string' ? new TextEncoder().encode(body) : body }
  }
}

async function published(count: number) {
  const house = new House().add(count)
  await house.checkpoint()
  return { house, ask: asker(house) }
}

test('the checkpoint is the signed note, cached for a second at most', async () => {
  const { ask } = await published(300)
  const { status, headers, bytes } = await ask('/log/checkpoint')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(headers['cache-control'], 'public, max-age=1')
  const verdict = verifyNote(new TextDecoder().decode(bytes), log.key)
  assert.ok(verdict.kind === 'verified')
  assert.equal(parseCheckpoint(verdict.text).size, 300)
})

test('a log without checkpoint has none to show', async () => {
  const ask = asker(new House().add(3))
  assert.equal((await ask('/log/checkpoint')).status, 404)
  assert.equal((await ask('/log/tile/0/000.p/3')).status, 404)
})

test('a stranger can prove an entry with nothing but the checkpoint and the tiles', async () => {
  const { ask } = await published(600)
  const note = verifyNote(new TextDecoder().decode((await ask('/log/checkpoint')).bytes), log.key)
  assert.ok(note.kind === 'verified')
  const checkpoint = parseCheckpoint(note.text)
  const readTile = async (level: number, index: number, width: number) => {
    const { status, bytes } = await ask(`/log/${encodeTilePath({ level, index, width })}`)
    assert.equal(status, 200)
    assert.equal(bytes.length, width * 32)
    return bytes
  }
  for (const index of [0, 255, 256, 511, 512, 599]) {
    const place = { level: 'entries', index: Math.floor(index / 256) } as const
    const width = Math.min(256, 600 - place.index * 256)
    const bundle = await ask(`/log/${encodeTilePath({ ...place, width })}`)
    const entry = parseEntryBundle(bundle.bytes)[index % 256]!
    assert.equal(entry.length, 32)
    const proof = await proveInclusion(index, 600, readTile)
    assert.ok(verifyInclusion(leafHash(entry), index, checkpoint, proof), `entry ${index}`)
  }
})

test('tiles and bundles are immutable; partial ones stay when the log has grown', async () => {
  const { house, ask } = await published(10)
  for (const path of ['/log/tile/0/000.p/10', '/log/tile/entries/000.p/10']) {
    const before = await ask(path)
    assert.equal(before.status, 200)
    assert.equal(before.headers['content-type'], 'application/octet-stream')
    assert.match(before.headers['cache-control'] ?? '', /immutable/)
    await house.add(300).checkpoint()
    assert.deepEqual((await ask(path)).bytes, before.bytes)
  }
})

test('what no checkpoint covers, and what is no tile, is not there and not cached', async () => {
  const { house, ask } = await published(300)
  house.add(1)
  for (const path of [
    '/log/tile/0/001.p/45',
    '/log/tile/0/001',
    '/log/tile/0/002.p/1',
    '/log/tile/1/000.p/2',
    '/log/tile/2/000.p/1',
    '/log/tile/entries/001.p/45',
    '/log/tile/entries/999',
    '/log/tile/0/1',
    '/log/tile/0/%30%30%30',
    '/log/tile/0/../../checkpoint',
    '/log/tile/',
  ]) {
    const { status, headers } = await ask(path)
    assert.equal(status, 404, path)
    assert.equal(headers['cache-control'], 'no-store')
  }
})
