// SPDX-License-Identifier: Apache-2.0
/** A house in which something of releases, their rules, signing keys, weak keys and scans is to be seen. */
import assert from 'node:assert/strict'
import { registerKey } from '#core/approvals/keys/register-key.ts'
import { addDevice } from '#core/devices/add.ts'
import { bookFindings } from '#core/keywatch/book-findings.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Product, SigningPolicy } from '#core/ledger/tables.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import { signRelease } from '#core/signing/sign-release.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { approvedRelease, notedClean } from '../../support/approved-release.ts'
import { addPerson, makeSigner, registrationOf } from '../../support/approver.ts'
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
  try {
    const pump = await withProduct(house)
    await tellOfKeys(told, pump)
    await tellOfReleases(told, pump)
    await tellOfWeakKeys(told, pump)
    await tellOfScan(told, pump)
    await tellOfRules(told, pump)
    await house.sequence()
    return told
  } catch (error) {
    // Else the journey waits for a house that nobody has.
    await house.stop()
    throw error
  }
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
      ...{ product: pump.id, rules: 'test', result: 'found', found: 1, accepted: 1, notScanned: 0 },
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
        {
          ...{ rule: 'test-key', severity: 'warning', confidence: 'certain', key: null },
          ...{ path: ['pump.swu', 'usr/lib/self-test.pem'], offset: 0, identity: '1'.repeat(64) },
          what: 'a published test key',
          acceptance: { because: 'key of the self test', by: 'ada', until: '2027-02-01' },
        },
      ],
    },
    operator,
    core,
  )
  assert.equal(noted.kind, 'recorded')
}

/** What a product asks of a release, who waits for a second person, and what was relaxed. */
async function tellOfRules({ core, asked }: ToldHouse, pump: Product): Promise<void> {
  const { document } = await asked('GET', `/products/${pump.id}/signing-policy`)
  const trial = {
    ...document.trial,
    approvals: { people: 1, roles: [{ role: 'quality', people: 1 }] },
  }
  await asked('POST', `/products/${pump.id}/signing-policy`, {
    ...{ document: { ...document, trial }, because: 'quality looks at all of it' },
  })
  // In a trial no policy waits; it looks as in production.
  const waiting: SigningPolicy = {
    ...{ id: newId('signingPolicy', core), version: 1, product: pump.id, number: 2 },
    ...{ rules: document, lowered: ['production: no SBOM is asked any more'], state: 'waiting' },
    ...{ because: 'the SBOM comes later', approvals: [], changedBy: operator.id },
    ...{ changedAt: core.clock.now(), decidedBy: null, decidedAt: null },
  }
  await core.ledger.commit({ puts: [{ kind: 'signingPolicy', record: waiting }], events: [] })
  const kim = await addPerson('kim', core)
  const at = core.clock.now()
  const registration = await registrationOf(await makeSigner('Kim', at), 'kim', at, { name: 'Kim' })
  assert.equal((await registerKey(registration, kim, core)).kind, 'changed')
  const { items } = await core.ledger.list('device', { by: 'product', equal: [pump.id], limit: 1 })
  const [first] = items
  await asked('POST', `/devices/${first?.id}/allow-re-enrol`, { reason: 'its board was changed' })
}
