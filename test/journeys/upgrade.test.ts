// SPDX-License-Identifier: Apache-2.0
/** A data directory that the first release wrote, opened by the program of today. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { enrol } from '#core/enrolment/enrol.ts'
import type { Credential, Outcome } from '#core/enrolment/request.ts'
import { fullCrl } from '#core/revocation/publish.ts'
import { databaseName } from '#edge/store/open-store.ts'
import { migrations } from '#edge/store/schema/migrations.ts'
import { parsePem } from '#format/pem.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair, parsePrivateKey } from '#trust/private-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import {
  fetchStatus,
  openTestHouse,
  renewalBy,
  requestBy,
  type TestHouse,
  temporaryDirectory,
} from '../support/house.ts'

const fixture = new URL('../fixtures/step-1/', import.meta.url).pathname
const environment = ['--environment', 'test', '--public-url', 'http://pki.test']

/** A copy with the modes that a repository does not keep. */
function copy(): string {
  const directory = temporaryDirectory()
  cpSync(fixture, directory, { recursive: true })
  for (const name of ['passphrase', databaseName]) chmodSync(join(directory, name), 0o600)
  return directory
}

function open(directory: string): Promise<TestHouse> {
  const words = [...environment, '--passphrase-file', join(directory, 'passphrase')]
  return openTestHouse(directory, { clock }, words)
}

/** When the old device is due: the directory is of one day for ever. */
const due = Temporal.Instant.from('2027-10-01T12:00:00Z')
const began = performance.now()
const clock = { now: () => due.add({ milliseconds: Math.round(performance.now() - began) }) }

let oldKey: KeyPair
let oldCertificate: Uint8Array

before(async () => {
  const [certificate, key] = parsePem(readFileSync(join(fixture, 'device.pem'), 'utf8'))
  const parsed = await parsePrivateKey(key?.bytes ?? new Uint8Array())
  assert.ok(parsed.kind !== 'refused')
  oldKey = parsed.pair
  oldCertificate = certificate?.bytes ?? new Uint8Array()
})

function ask(
  { core }: TestHouse,
  operation: 'enrol' | 'reenrol',
  credential: Credential,
  request: Uint8Array,
): Promise<Outcome> {
  const common = { protocol: 'est', label: undefined, sourceAddress: '192.0.2.7' } as const
  return enrol({ ...common, operation, credential, request }, core)
}

test('the directory of the first release is opened, serves, and renews its devices', async () => {
  const house = await open(copy())
  try {
    const credential = { kind: 'certificate', chain: [oldCertificate] } as const
    const request = await renewalBy(oldKey, oldCertificate)
    let renewed = await ask(house, 'reenrol', credential, request)
    // The first look of the watch may note at this moment that the device is late: then it comes again.
    while (renewed.kind === 'refused' && renewed.reason === 'busy')
      renewed = await ask(house, 'reenrol', credential, request)
    assert.equal(renewed.kind, 'issued', JSON.stringify(renewed))
    const code = { kind: 'code', user: 'OLD-3', code: await oldCode() } as const
    const late = await ask(house, 'enrol', code, await requestBy(await generateKey('p-256')))
    // Its code had a day; that it is known and over is what the old ledger says.
    assert.equal('reason' in late && late.reason, 'code-expired')
  } finally {
    await house.stop()
  }
  assert.deepEqual(house.troubles, [])
})

test('the ready-made profiles that are new are there from the first start on, once', async () => {
  const directory = copy()
  const applied = async () => {
    const house = await open(directory)
    try {
      const { ledger } = house.core
      assert.ok(await ledger.find('profile', 'number', ['tpm-working', 1]))
      return await ledger.count('profile', {})
    } finally {
      await house.stop()
    }
  }
  assert.equal(await applied(), await applied())
})

test('what it revoked stays revoked and listed, and the list has the next number', async () => {
  const house = await open(copy())
  try {
    const [revoked] = parsePem(readFileSync(join(fixture, 'revoked.pem'), 'utf8'))
    const gone = revoked?.bytes ?? new Uint8Array()
    const record = await house.core.ledger.find('certificate', 'sha256', [sha256(gone)])
    assert.equal(record?.state, 'revoked')
    const { body } = await fetchStatus(house, '/crl/issuing-1.crl')
    const serials = [...parseCrl(body).revoked].map(({ serialNumber }) => serialNumber.toHex())
    assert.ok(serials.includes(parseCertificate(gone).serialNumber.toHex()))
    const { items } = await house.core.ledger.list('crl', { limit: 100 })
    const full = items.filter(({ shard }) => shard === fullCrl).map(({ number }) => number)
    assert.ok(Math.max(...full) > 1)
  } finally {
    await house.stop()
  }
})

test('its log goes on, and an auditor finds the old and the new events whole', async () => {
  const directory = copy()
  const before = new DatabaseSync(join(directory, databaseName), { readOnly: true })
  const size = Number(before.prepare('SELECT "size" FROM "log"').get()?.['size'])
  before.close()
  const house = await open(directory)
  try {
    await house.sequence()
    const { size: now } = await house.log.head()
    assert.ok(now > size, `${now} events, ${size} before`)
    const { logOrigin, logPublicKey } = house.core.installation
    const key = noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey))
    const verified = await verifyExport(house.exportLog(), { key: encodeNoteKey(key) })
    assert.deepEqual(
      verified.findings.filter(({ severity }) => severity === 'wrong'),
      [],
    )
    assert.ok(verified.intact)
  } finally {
    await house.stop()
  }
})

test('a program that is older than the directory is told so', async () => {
  const directory = copy()
  await (await open(directory)).stop()
  const database = new DatabaseSync(join(directory, databaseName))
  const newer = migrations.length + 1
  database.exec(`PRAGMA user_version = ${newer}`)
  database.close()
  await assert.rejects(open(directory), {
    code: 'schema-newer',
    message: `the database has schema ${newer}, this program knows up to ${migrations.length}`,
  })
})

async function oldCode(): Promise<string> {
  const text = readFileSync(join(fixture, 'README.md'), 'utf8')
  return /[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}/.exec(text)?.[0] ?? assert.fail('no code')
}
