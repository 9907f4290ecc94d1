// SPDX-License-Identifier: Apache-2.0
/** The log's way from a device's request to an auditor's table: commit, number, serve, export, check. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { exportLog } from '#core/audit/export-log.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { databaseName, openStore } from '#edge/store/open-store.ts'
import { parseEntryBundle } from '#format/tlog/entry-bundle.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { encodeTilePath } from '#format/tlog/tile.ts'
import { generateKey } from '#trust/private-key.ts'
import { leafHash } from '#trust/tlog/merkle.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyConsistency, verifyInclusion } from '#trust/tlog/proof.ts'
import { proveConsistency, proveInclusion } from '#trust/tlog/prove.ts'
import { verifyCheckpoint } from '#trust/tlog/verify-checkpoint.ts'
import { type Verification, verifyExport } from '#trust/tlog/verify-export.ts'
import {
  ask,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withProduct,
} from '../support/house.ts'

const operator = { kind: 'person', id: 'auditor' } as const

let house: TestHouse
let first: string
let second: string

before(async () => {
  house = await openTestHouse()
  try {
    await house.sequence()
    first = await checkpoint()
    await liveADay()
    await house.sequence()
    second = await checkpoint()
    await proveFromOutside()
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})
after(() => rmSync(house.directory, { recursive: true, force: true }))

/** Enrols devices, sees one used, revokes one, refuses a stranger many times. */
async function liveADay(): Promise<void> {
  const pump = await withProduct(house)
  const devices = []
  for (let number = 0; number < 6; number++) {
    devices.push(await enrolled(house, pump, `PUMP-${number}`))
  }
  await ask(house, 'GET', '/whoami', { credential: devices[0]! })
  const request = await requestBy(await generateKey('p-256'))
  for (let number = 0; number < 12; number++) {
    await postEst(house, 'simpleenroll', request, { user: 'PUMP-9', code: 'wrong' })
  }
  const lost = { by: 'owner', equal: [devices[1]!.device.id], limit: 10 } as const
  const { items } = await house.core.ledger.list('certificate', lost)
  const revocation = { id: items[0]!.id, reason: 'keyCompromise', because: 'lost' } as const
  assert.equal((await revoke(revocation, operator, house.core)).kind, 'revoked')
}

async function checkpoint(): Promise<string> {
  const { status, body } = await fetchStatus(house, '/log/checkpoint')
  assert.equal(status, 200)
  return new TextDecoder().decode(body)
}

/** A stranger with the two checkpoints and the public tiles: what was, still is, and more was added. */
async function proveFromOutside(): Promise<void> {
  const [earlier, later] = [sizeOf(first), sizeOf(second)]
  const readTile = async (level: number, index: number, width: number) => {
    const { status, body } = await fetchStatus(
      house,
      `/log/${encodeTilePath({ level, index, width })}`,
    )
    assert.equal(status, 200)
    return body
  }
  const consistency = await proveConsistency(earlier.size, later.size, readTile)
  assert.ok(earlier.size > 0 && earlier.size < later.size)
  assert.ok(verifyConsistency(earlier, later, consistency))
  const place = { level: 'entries', index: 0, width: Math.min(256, later.size) } as const
  const bundle = await fetchStatus(house, `/log/${encodeTilePath(place)}`)
  const entry = parseEntryBundle(bundle.body)[3]!
  const inclusion = await proveInclusion(3, later.size, readTile)
  assert.ok(verifyInclusion(leafHash(entry), 3, later, inclusion))
}

function logKey() {
  const { logOrigin, logPublicKey } = house.core.installation
  return noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey))
}

/** Opens a copy of the stopped house's store, after `tamper` had its database. */
async function checked(
  tamper: (database: DatabaseSync) => void,
  since?: string,
): Promise<Verification> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-log-'))
  for (const name of readdirSync(house.directory)) {
    if (name.startsWith(databaseName)) cpSync(join(house.directory, name), join(directory, name))
  }
  const database = new DatabaseSync(join(directory, databaseName))
  tamper(database)
  database.close()
  const store = await openStore(directory, { clock: systemClock, random: systemRandomness })
  try {
    const signer = { key: logKey(), sign: () => Promise.reject(new Error('no key at hand')) }
    const chunks = exportLog({ store: store.log, signer, sequence: async () => undefined })
    const key = encodeNoteKey(logKey())
    return await verifyExport(chunks, since === undefined ? { key } : { key, since })
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}

test('an auditor finds the log of a house at work intact, and continued since the first day', async () => {
  for (const since of [undefined, first, second]) {
    const found = await checked(() => {}, since)
    assert.deepEqual(found.findings, [])
    assert.ok(found.intact && found.events > 20 && found.records > 10)
  }
})

test('an event changed in the database is named', async () => {
  const found = await checked((database) => {
    database
      .prepare(
        'UPDATE "event" SET "bytes" = CAST(replace("bytes", ?, ?) AS BLOB) WHERE "sequence" = ?',
      )
      .run('"at":"2', '"at":"3', 7)
  })
  const named = found.findings.filter(({ code }) => code === 'event-changed')
  assert.deepEqual(
    named.map(({ about }) => about),
    ['event 6'],
  )
})

test('a salt, a commitment and a tile changed in the database are told apart', async () => {
  const salt = await checked((database) => {
    database.exec('UPDATE "event" SET "salt" = zeroblob(32) WHERE "sequence" = 3')
  })
  assert.deepEqual(namesOf(salt), ['event-changed event 2', 'root-differs'])
  const commitment = await checked((database) => {
    database.exec('UPDATE "event" SET "bytes" = NULL, "salt" = NULL WHERE "sequence" = 3')
    database.exec('UPDATE "entry" SET "commitment" = zeroblob(32) WHERE "position" = 2')
  })
  assert.deepEqual(namesOf(commitment), [
    'event-changed event 2',
    'root-differs',
    'event-erased event 2',
  ])
  const tile = await checked((database) => {
    database.exec(
      `UPDATE "tile" SET "hashes" = CAST(substr("hashes", 1, 64) || zeroblob(32) || substr("hashes", 97) AS BLOB)`,
    )
  })
  assert.deepEqual(namesOf(tile), ['tile-changed tile 0/0'])
})

test('a record changed, removed or set back in the database is named', async () => {
  const query = 'SELECT "id" FROM "certificate" WHERE "state" = \'revoked\''
  const tampers = [
    [
      'UPDATE "certificate" SET "state" = \'issued\' WHERE "state" = \'revoked\'',
      'record-without-event',
    ],
    [
      'UPDATE "certificate" SET "sha256" = zeroblob(32) WHERE "state" = \'revoked\'',
      'record-changed',
    ],
    ['DELETE FROM "certificate" WHERE "state" = \'revoked\'', 'record-missing'],
  ] as const
  for (const [sql, code] of tampers) {
    let id = ''
    const found = await checked((database) => {
      id = Buffer.from(
        Object.values(database.prepare(query).get() ?? {})[0] as Uint8Array,
      ).toString('hex')
      database.exec(sql)
    })
    assert.deepEqual(
      found.findings.map((one) => one.code),
      [code],
    )
    assert.match(found.findings[0]?.about ?? '', new RegExp(id))
  }
})

test('a database put back to an earlier day is found by a checkpoint kept elsewhere', async () => {
  const found = await checked((database) => {
    const { size } = sizeOf(first)
    database.exec(`DELETE FROM "entry" WHERE "position" >= ${size}`)
    database.exec(`DELETE FROM "event" WHERE "sequence" > ${size}`)
    database.exec(`UPDATE "log" SET "size" = ${size}, "checkpointSize" = ${size}`)
    database.prepare('UPDATE "log" SET "checkpoint" = ?').run(first)
  }, second)
  assert.ok(found.findings.some(({ code }) => code === 'rolled-back'))
  assert.ok(!found.findings.some(({ code }) => code === 'root-differs'))
})

test('bodies erased by retention break nothing', async () => {
  const found = await checked((database) => {
    database.exec('UPDATE "event" SET "bytes" = NULL, "salt" = NULL WHERE "sequence" <= 10')
  })
  assert.ok(found.intact)
  assert.equal(found.erasedEvents, 10)
})

function namesOf({ findings }: Verification): string[] {
  return findings.map(({ code, about }) => (code === 'root-differs' ? code : `${code} ${about}`))
}

function sizeOf(note: string) {
  const verdict = verifyCheckpoint(note, logKey())
  assert.ok(verdict.kind === 'verified')
  return verdict.checkpoint
}
