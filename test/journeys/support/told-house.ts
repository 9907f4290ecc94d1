// SPDX-License-Identifier: Apache-2.0
/** A house in which something of releases, signing keys, weak keys and scans is to be seen. */
import assert from 'node:assert/strict'
import { addDevice } from '#core/devices/add.ts'
import { bookFindings } from '#core/keywatch/book-findings.ts'
import type { Product } from '#core/ledger/tables.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import { signRelease } from '#core/signing/sign-release.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { approvedRelease, notedClean } from '../../support/approved-release.ts'
import { operator } from '../../support/core.ts'
import {
  openTestHouse,
  postEst,
  requestBy,
  type TestHouse,
  withCode,
  withProduct,
} from '../../support/house.ts'
import { callApi } from '../../support/local-api.ts'
import { attached, newRelease, stored } from '../../support/releases.ts'

/** What comes from images and jobs is nobody's markup. */
export const hostile = '<img src=x onerror=alert(1)>'

export interface ToldHouse extends TestHouse {
  /** Asks at the socket, as the owner of the machine. */
  // biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
  asked(method: string, path: string, input?: object): Promise<any>
}

export async function openToldHouse(): Promise<ToldHouse> {
  const house = await openTestHouse()
  const asked: ToldHouse['asked'] = async (method, path, input) => {
    const { status, body } = await callApi(house, method, path, input)
    assert.ok(status < 300, `${path}: ${JSON.stringify(body)}`)
    return body
  }
  const told = { ...house, asked }
  const pump = await withProduct(house)
  await tellOfKeys(told, pump)
  await tellOfReleases(told, pump)
  await tellOfWeakKeys(told, pump)
  await tellOfScan(told, pump)
  await house.sequence()
  return told
}

/** One key signs, the next is on its way to devices. */
async function tellOfKeys({ asked }: ToldHouse, pump: Product): Promise<void> {
  const made = { product: pump.id, forms: ['mcuboot'] }
  const from = await asked('POST', '/signing-keys', { ...made, name: 'boot' })
  const to = await asked('POST', '/signing-keys', { ...made, name: 'boot-2031', next: true })
  const options = { version: '2.4.1', headerSize: 32, padHeader: true }
  const plan = { lines: [{ form: 'mcuboot', keys: ['boot'], artefacts: ['*.bin'], options }] }
  await asked('POST', `/signing-plans/${pump.id}`, { plan })
  await asked('POST', '/rotations', {
    ...{ product: pump.id, from: from.id, to: to.id, because: 'the key is five years old' },
  })
}

/** A draft of the pilot channel, and what was approved and signed for all. */
async function tellOfReleases({ core }: ToldHouse, pump: Product): Promise<void> {
  const terms = { securityVersion: 7, supportUntil: Temporal.Instant.from('2036-01-01T00:00:00Z') }
  const files = { 'app.bin': new TextEncoder().encode(`image${'.'.repeat(3_000)}`) }
  const approved = await approvedRelease(core, pump, files, { ...terms, firmwareVersion: '2.4.1' })
  const signed = await signRelease(approved, undefined, operator, await signingPorts(core))
  assert.equal(signed.kind, 'signed', JSON.stringify(signed))
  const pilot = { ...terms, firmwareVersion: hostile, channel: 'pilot' }
  const draft = await newRelease(core, pump, pilot)
  const octets = await stored(core, 'another image')
  await notedClean(core, 'app.bin', octets)
  await attached(core, draft, { role: 'artefact', name: 'app.bin', sha256: octets })
}

/** Two devices of a lot whose keys have a prime in common; one of them says what it believes. */
async function tellOfWeakKeys(house: ToldHouse, pump: Product): Promise<void> {
  const keys: string[] = []
  for (const serial of ['PUMP-1', 'PUMP-2']) keys.push(await keyOf(house, pump, serial))
  const cause = sha256(new TextEncoder().encode('what both have in common'))
  const found = keys.map((key) => ({
    ...({ kind: 'prime-shared', key, cause, facts: {} } as const),
    detail: 'one prime is that of another key',
  }))
  assert.equal((await bookFindings(found, house.core)).length, 2)
}

async function keyOf(house: ToldHouse, pump: Product, serial: string): Promise<string> {
  const particulars = { serial, hardwareRevision: null, lot: 'L-7', udiDi: null }
  const added = await addDevice(particulars, pump, operator, house.core)
  if (added.kind === 'refused') return assert.fail(added.detail)
  const code = await withCode(house, added.device)
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), { user: serial, code })
  assert.equal(answer.status, 200, answer.body)
  const query = { by: 'owner', equal: [added.device.id], limit: 1 } as const
  const { items } = await house.core.ledger.list('certificate', query)
  return items[0]?.key ?? assert.fail(`${serial} has no certificate`)
}

async function tellOfScan({ core }: ToldHouse, pump: Product): Promise<void> {
  const at = core.clock.now()
  const noted = await recordScan(
    {
      ...{ name: 'pump.swu', sha256: sha256(new Uint8Array(4_096)), octets: 4_096 },
      ...{ product: pump.id, rules: 'test', result: 'found', found: 1, accepted: 0, notScanned: 0 },
      ...{ startedAt: at, endedAt: at, madeHere: false },
      findings: [
        {
          ...{ rule: 'private-key', severity: 'critical', confidence: 'certain', key: null },
          ...{
            path: ['pump.swu', hostile, 'etc/\u202eline.key'],
            offset: 512,
            identity: '0'.repeat(64),
          },
          what: 'a private key (PEM, PKCS #8)',
        },
      ],
    },
    operator,
    core,
  )
  assert.equal(noted.kind, 'recorded')
}
