// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encodeStatusContent,
  encodeStatusFile,
  parseStatusFile,
  type StatusFile,
} from '#format/compact-status/status-file.ts'
import { buildBlock } from '#trust/compact-status/build-block.ts'
import { applyDelta, makeDelta } from '#trust/compact-status/delta.ts'
import { statusOf } from '#trust/compact-status/status-of.ts'
import { sha256 } from '#trust/digest.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { newSerialNumber } from '../authority/draft.ts'
import type { Authority } from '../ledger/tables.ts'
import { type Before, planStatusFile } from './plan-status-file.ts'
import { RowsInMemory, type TestRow } from './status-files-testing.ts'

const start = Temporal.Instant.from('2026-11-22T12:00:00Z')
const day = 86_400
const keyOf = (name: string) => sha256(new TextEncoder().encode(name))
const names = ['aut_a', 'aut_b', 'aut_elsewhere'] as const

function holder(id: string) {
  const record = {
    ...{ id, key: id === 'aut_elsewhere' ? null : 'key', createdAt: start },
    ...{ origin: id === 'aut_b' ? 'adopted' : null },
  }
  return { keySha256: keyOf(id), authorities: [record as unknown as Authority] }
}
const holders = names
  .map(holder)
  .toSorted((left, right) => (left.keySha256.toHex() < right.keySha256.toHex() ? -1 : 1))

/** A world in which certificates come and go, and the files that are made of it. */
class World {
  readonly random: Random
  readonly rows = new RowsInMemory()
  now = start
  before: Before | undefined
  made = 0

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  pass(seconds: number): void {
    this.now = this.now.add({ seconds })
  }

  issue(authority: (typeof names)[number], lifeDays: number): TestRow {
    const { now, random } = this
    const isForeign = authority === 'aut_elsewhere' || (authority === 'aut_b' && random.chance(6))
    const serialNumber = isForeign
      ? Uint8Array.of(1 + random.below(127), ...random.bytes(random.oneOf([7, 15, 15, 19])))
      : newSerialNumber(now, random)
    return this.rows.add({
      ...{ authority, serialNumber, state: 'fine' },
      notAfterMilliseconds: now.epochMilliseconds + lifeDays * day * 1000,
      reservedAtMilliseconds: now.epochMilliseconds,
    })
  }

  /** As long as the clock says, whatever is fresh in the making. */
  async make(before = this.before): Promise<{ file: StatusFile; made: Before }> {
    const coversUntil = start.add({ seconds: Math.floor(this.now.since(start).total('seconds')) })
    const planned = await planStatusFile(
      { anchors: keyOf('anchors'), holders, madeAt: this.now, coversUntil },
      before,
      {
        rows: this.rows,
        build: async (...input) => buildBlock(...input),
        seed: this.random.bytes(32),
        blockSize: 40,
      },
    )
    const signed = encodeStatusContent({
      ...planned.content,
      expiresAt: this.now.add({ hours: 192 }),
    })
    const certificates = [Uint8Array.of(0x30, 0)]
    const bytes = encodeStatusFile(signed, [{ certificates, signature: this.random.bytes(64) }])
    const file = parseStatusFile(bytes)
    return { file, made: { file, book: planned.book } }
  }

  check(file: StatusFile): void {
    const counts = new Map<string, number>()
    for (const row of this.rows.all) {
      const said = statusOf(file, keyOf(row.authority), row.serialNumber)
      counts.set(said, (counts.get(said) ?? 0) + 1)
      const isNewer = row.reservedAtMilliseconds >= file.coversUntil.epochMilliseconds
      const isOver = row.notAfterMilliseconds < file.coversUntil.epochMilliseconds
      if (isOver) continue // it says that by itself
      const wanted = isNewer ? 'not-covered' : row.state
      assert.equal(said, wanted, `${row.authority} ${row.serialNumber.toHex()} ${row.state}`)
    }
  }
}

/** One step of a history: mostly issuing, some endings, some releases, time that goes by. */
function live({ random, rows, ...rest }: World, world: World): void {
  void rest
  const life = random.oneOf([3, 30, 30, 4000])
  for (let count = random.below(25); count > 0; count--) {
    world.pass(random.below(40))
    world.issue(random.oneOf(names), life)
  }
  for (let count = random.below(6); count > 0; count--) {
    const row = rows.all[random.below(rows.all.length + 1)]
    if (row !== undefined) row.state = random.oneOf(['held', 'revoked', 'fine', 'revoked'])
  }
  if (random.chance(12)) for (const row of rows.all.slice(-30)) row.state = 'held' // a whole lot
  if (random.chance(6)) world.pass(random.below(4 * day))
}

test('over a random history every file says of each certificate what the ledger says', async () => {
  const world = new World(seedOfRun())
  for (let step = 0; step < 60; step++) {
    live(world, world)
    world.pass(1)
    const { file, made } = await world.make()
    world.check(file)
    if (world.before !== undefined) {
      const delta = makeDelta(world.before.file, file)
      const applied = applyDelta(world.before.file.bytes, delta)
      assert.ok(applied.kind === 'applied')
      assert.deepEqual(applied.bytes, file.bytes)
    }
    const fresh = await world.make(undefined)
    world.check(fresh.file)
    world.before = made
  }
})
