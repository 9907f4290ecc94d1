// SPDX-License-Identifier: Apache-2.0
/** From SQLite to PostgreSQL, killed on the way, and a house that goes on there. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { restore } from '#house/restore.ts'
import { type MoveOrder, type MoveProgress, moveStore } from '#house/store-move.ts'
import { askLocally, madeBackup } from '../support/backup.ts'
import {
  ask,
  enrolled,
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'

const clock = { now: () => Temporal.Now.instant() }
const ports = { clock, random, tell: () => {} }
const child = join(import.meta.dirname, 'support', 'killed-child.ts')

test('a store moves to PostgreSQL, however often the move is killed', {
  skip: withoutPostgres,
}, async () => {
  const house = await openTestHouse()
  const pump = await withProduct(house)
  const device = await enrolled(house, pump, 'PUMP-1')
  await fill(house, 3000)
  await house.stop()
  const place = await postgresPlace()
  try {
    const order = { data: house.directory, to: place.settings }
    killed(order, 'copying', 2000)
    // Neither side serves meanwhile from what is half there.
    await assert.rejects(openOn(house.directory, place.url), { code: 'restore-unfinished' })
    killed(order, 'comparing', 1000)
    const phases: MoveProgress[] = []
    const moved = await moveStore(order, { ...ports, tell: (now) => void phases.push(now) })
    assert.ok(moved.counts['encoding']! >= 3000)
    assert.deepEqual(
      phases.filter(({ phase }) => phase === 'copying'),
      phases.filter(({ phase, rows }) => phase === 'copying' && rows < 100),
      'what was copied before is not copied again',
    )
    await assert.rejects(openTestHouse(house.directory, {}, ['--database', '']), {
      code: 'store-moved',
    })
    const keys = readdirSync(join(house.directory, 'keys')).filter((name) => name.endsWith('.key'))
    assert.ok(keys.every((name) => name.startsWith('tls-')))
    const words = JSON.parse(readFileSync(join(house.directory, 'vitalsign.json'), 'utf8'))
    assert.equal(words.database, place.url)

    const after = await openTestHouse(house.directory)
    try {
      const answer = await ask(after, 'GET', '/whoami', { credential: device })
      assert.equal(answer.status, 200, answer.body)
      await enrolled(after, pump, 'PUMP-2')
      const verified = JSON.parse((await askLocally(after, 'POST', '/log/verify', {})).text)
      assert.equal(verified.good, true, JSON.stringify(verified.findings))
      assert.deepEqual(after.troubles, [])
    } finally {
      await after.stop()
    }
    await assert.rejects(moveStore({ ...order, to: { url: `${place.url}-other` } }, ports), {
      code: 'store-moved',
    })
  } finally {
    await place.remove()
  }
})

test('a move that is killed at any touch of the disk goes on, and nothing is lost', {
  skip: withoutPostgres,
}, async () => {
  const house = await openTestHouse()
  const pump = await withProduct(house)
  const device = await enrolled(house, pump, 'PUMP-1')
  await house.stop()
  const place = await postgresPlace()
  try {
    const order = { data: house.directory, to: place.settings }
    let touch = 1
    for (; endedBy(order, touch) === 'SIGKILL'; touch++) {
      // Once the mark stands, the ledger that is left never serves again.
      if (!existsSync(join(house.directory, 'store-moved'))) continue
      await assert.rejects(openTestHouse(house.directory, {}, ['--database', '']), {
        code: 'store-moved',
      })
    }
    assert.ok(touch > 5, `only ${touch} touches`)
    const after = await openTestHouse(house.directory)
    try {
      const answer = await ask(after, 'GET', '/whoami', { credential: device })
      assert.equal(answer.status, 200, answer.body)
      await enrolled(after, pump, 'PUMP-2')
      const verified = JSON.parse((await askLocally(after, 'POST', '/log/verify', {})).text)
      assert.equal(verified.good, true, JSON.stringify(verified.findings))
      assert.deepEqual(after.troubles, [])
    } finally {
      await after.stop()
    }
  } finally {
    await place.remove()
  }
})

function endedBy(order: MoveOrder, touch: number): NodeJS.Signals | null {
  const words = ['move', JSON.stringify(order), JSON.stringify({ touch, rows: 0 })]
  const { signal, status, stderr } = spawnSync(process.execPath, [child, ...words], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.ok(signal === 'SIGKILL' || status === 0, `touch ${touch}: ${stderr}`)
  return signal
}

/** The lines of the guide that a shell takes, with the names of here. */
test('the lines of the guide move a store', { skip: withoutPostgres }, async () => {
  const directory = temporaryDirectory()
  const data = join(directory, 'data')
  const house = await openTestHouse(data)
  await withProduct(house)
  await house.stop()
  const place = await postgresPlace()
  try {
    const root = resolve(import.meta.dirname, '..', '..')
    const guide = readFileSync(join(root, 'docs/guides/move-to-postgresql.md'), 'utf8')
    const line = (beginning: string) =>
      guide.split('\n').find((one) => one.startsWith(beginning)) ?? assert.fail(beginning)
    const move = line('bin/vitalsign store move')
      .replace('postgres://vitalsign@db.example.com/vitalsign', place.url)
      .replace(/ --password-file \S+/, passwordWords(place.settings))
    const run = async (said: string) => {
      const words = said.replace(/^bin\/vitalsign /, '').split(/\s+/)
      const program = join(root, 'bin/vitalsign.ts')
      const process_ = spawn(process.execPath, [program, ...words], { cwd: directory })
      const [out, err] = [text(process_.stdout), text(process_.stderr)]
      const [status] = await once(process_, 'exit')
      assert.equal(status, 0, `${said}\n${await out}${await err}`)
    }
    await run(move)
    const after = await openTestHouse(data)
    try {
      await run(line('bin/vitalsign doctor'))
      await run(line('bin/vitalsign log verify'))
    } finally {
      await after.stop()
    }
  } finally {
    await place.remove()
  }
})

function passwordWords({ passwordFile }: MoveOrder['to']): string {
  return passwordFile === undefined ? '' : ` --password-file ${passwordFile}`
}

test('a restore into PostgreSQL that is killed half-way is refused, and begins again elsewhere', {
  skip: withoutPostgres,
}, async () => {
  const house = await openTestHouse()
  await withProduct(house)
  await fill(house, 3000)
  const { file, identityFile } = await madeBackup(house)
  await house.stop()
  const [place, another] = [await postgresPlace(), await postgresPlace()]
  try {
    const data = join(temporaryDirectory(), 'data')
    const order = { file, identityFile, data, database: place.settings }
    const words = ['restore', JSON.stringify(order), JSON.stringify({ rows: 1500 })]
    const { signal, stderr } = spawnSync(process.execPath, [child, ...words], { encoding: 'utf8' })
    assert.equal(signal, 'SIGKILL', stderr)
    const unfinished = { code: 'restore-unfinished' }
    await assert.rejects(openOn(data, place.url), unfinished)
    await assert.rejects(openOn(house.directory, place.url), unfinished)
    await assert.rejects(restore(order, ports), unfinished)
    const elsewhere = { ...order, data: join(temporaryDirectory(), 'data') }
    // The half of one is no ground for another.
    await assert.rejects(restore(elsewhere, ports), /begun for something else|half/)
    const fresh = { ...elsewhere, data: join(temporaryDirectory(), 'data') }
    await restore({ ...fresh, database: another.settings }, ports)
    copyFileSync(join(house.directory, 'unlock'), join(fresh.data, 'unlock'))
    const restored = await openTestHouse(fresh.data)
    try {
      assert.ok(await restored.core.ledger.find('product', 'name', ['pump']))
    } finally {
      await restored.stop()
    }
  } finally {
    await place.remove()
    await another.remove()
  }
})

test('a store is moved into no database that holds another', {
  skip: withoutPostgres,
}, async () => {
  const [house, other] = [await openTestHouse(), await openTestHouse()]
  await fill(house, 2000)
  await house.stop()
  await other.stop()
  const place = await postgresPlace()
  try {
    const to = place.settings
    killed({ data: house.directory, to }, 'copying', 1000)
    const meant = { data: other.directory, to }
    await assert.rejects(moveStore(meant, ports), { code: 'store-differs' })
    await moveStore({ data: house.directory, to }, ports)
    await assert.rejects(moveStore(meant, ports), { code: 'store-not-empty' })
  } finally {
    await place.remove()
  }
})

test('a row that was changed on the way is found', { skip: withoutPostgres }, async () => {
  const house = await openTestHouse()
  await fill(house, 2000)
  await house.stop()
  const place = await postgresPlace()
  try {
    const order = { data: house.directory, to: place.settings }
    killed(order, 'comparing', 0)
    await place.sql(
      `UPDATE "encoding" SET "der" = '\\x00' WHERE "id" IN (SELECT "id" FROM "encoding" LIMIT 1)`,
    )
    await assert.rejects(moveStore(order, ports), { code: 'store-differs' })
  } finally {
    await place.remove()
  }
})

/** A move that is killed when it is so far. */
function killed(order: MoveOrder, phase: string, rows: number): void {
  const words = ['move', JSON.stringify(order), JSON.stringify({ phase, rows })]
  const { signal, stderr } = spawnSync(process.execPath, [child, ...words], { encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL', stderr)
}

async function openOn(directory: string, url: string): Promise<void> {
  const house = await openTestHouse(directory, {}, ['--database', url])
  await house.stop()
}

/** Rows that nobody needs, so that there is something to move. */
async function fill({ core }: TestHouse, count: number): Promise<void> {
  const der = new Uint8Array(400)
  for (let left = count; left > 0; left -= 500) {
    const puts = Array.from({ length: 500 }, () => {
      const record = { id: newId('encoding', core), version: 1, der }
      return { kind: 'encoding', record } as const
    })
    await core.ledger.commit({ puts, events: [] })
  }
}
