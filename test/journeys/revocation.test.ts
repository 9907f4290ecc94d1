// SPDX-License-Identifier: Apache-2.0
/** A revoked certificate: shut out here at once, and on the lists that everybody else reads. */
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { CertificateRecord, Product } from '#core/ledger/tables.ts'
import { type RevocationReason, revoke } from '#core/revocation/revoke.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { type Crl, parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import {
  ask,
  enrolled,
  fetchStatus,
  openTestHouse,
  renewalBy,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { eventsOf, refusalOf } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const

let house: TestHouse
let pump: Product
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }

before(async () => {
  house = await openTestHouse(undefined, { clock })
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function recordOf(certificate: Uint8Array): Promise<CertificateRecord> {
  const found = await house.core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  return found ?? assert.fail('no record of the certificate')
}

async function revoked(certificate: Uint8Array, reason: RevocationReason): Promise<void> {
  const { id } = await recordOf(certificate)
  const done = await revoke({ id, reason, because: 'test' }, operator, house.core)
  assert.ok(done.kind === 'revoked')
}

/** Fetches a CRL from the status port and checks its signature with node's own means. */
async function crlAt(path: string): Promise<Crl> {
  const { status, body } = await fetchStatus(house, path)
  assert.equal(status, 200, path)
  const crl = parseCrl(body)
  const issuer = house.core.doors.own.find(({ name }) => path.includes(name))
  const key = createPublicKey({
    ...{ format: 'der', type: 'spki' },
    key: Buffer.from(parseCertificate(issuer!.certificate).publicKey.der),
  })
  assert.ok(verify('sha256', crl.tbs, key, crl.signature))
  return crl
}

function entryOf(crl: Crl, certificate: Uint8Array) {
  const { serialNumber } = parseCertificate(certificate)
  return [...crl.revoked].find((one) => one.serialNumber.toHex() === serialNumber.toHex())
}

/** Where the certificate itself says that its list is. */
function shardPath(certificate: Uint8Array): string {
  const [point] =
    readExtension(parseCertificate(certificate).extensions, 'cRLDistributionPoints') ?? []
  const [name] = point?.fullName ?? []
  assert.ok(name?.kind === 'uri')
  return new URL(name.value).pathname
}

function numberOf(crl: Crl): bigint {
  return readExtension(crl.extensions, 'cRLNumber') ?? assert.fail('no CRL number')
}

test('a revoked certificate is refused at every door of the house', async () => {
  const device = await enrolled(house, pump, 'DOOR-1')
  await revoked(device.certificate, 'cessationOfOperation')
  const call = { credential: device }
  const whoami = await ask(house, 'GET', '/whoami', call)
  assert.match(`${whoami.status} ${whoami.body}`, /^403 .*certificate-revoked/)
  const renewal = await renewalBy(device.key, device.certificate)
  assert.equal(await refusalOf(house, renewal, call, 'simplereenroll'), '403 certificate-revoked')
})

test('it stands on the full list and on the one that it names itself, with the reason', async () => {
  const [gone, stays] = [
    await enrolled(house, pump, 'LIST-1'),
    await enrolled(house, pump, 'LIST-2'),
  ]
  const path = shardPath(gone.certificate)
  const before = await Promise.all([crlAt('/crl/issuing-1.crl'), crlAt(path)])
  await revoked(gone.certificate, 'privilegeWithdrawn')
  const after = await Promise.all([crlAt('/crl/issuing-1.crl'), crlAt(path)])
  for (const [index, crl] of after.entries()) {
    assert.equal(entryOf(crl, gone.certificate)?.reason, 9)
    assert.equal(entryOf(crl, stays.certificate), undefined)
    assert.ok(numberOf(crl) > numberOf(before[index]!), 'the number grows')
  }
  assert.equal(readExtension(after[0].extensions, 'issuingDistributionPoint'), undefined)
  const scope = readExtension(after[1].extensions, 'issuingDistributionPoint')
  assert.match(JSON.stringify(scope), new RegExp(path))
})

test('a compromised key is told as such', async () => {
  const device = await enrolled(house, pump, 'STOLEN-1')
  await revoked(device.certificate, 'keyCompromise')
  const crl = await crlAt(shardPath(device.certificate))
  assert.equal(entryOf(crl, device.certificate)?.reason, 1)
  const key = await house.core.ledger.read('key', (await recordOf(device.certificate)).key)
  assert.equal(key?.state, 'compromised')
})

test('what is revoked twice is revoked once, and the log says who did and why', async () => {
  const device = await enrolled(house, pump, 'TWICE-1')
  await revoked(device.certificate, 'superseded')
  const { id } = await recordOf(device.certificate)
  const again = await revoke({ id, reason: 'superseded', because: 'again' }, operator, house.core)
  assert.equal(again.kind, 'revoked')
  const [event] = await eventsOf(house, 'certificate-revoked')
  assert.deepEqual([event?.actor, event?.facts['because']], [operator, 'test'])
})

test('a list is made anew before it ends, and its number grows', async () => {
  const first = await crlAt('/crl/issuing-1.crl')
  ahead = ahead.add({ hours: 24 * 3 })
  await house.core.shelf.refresh(house.core.doors.own)
  const second = await crlAt('/crl/issuing-1.crl')
  assert.ok(numberOf(second) > numberOf(first))
  assert.ok(Temporal.Instant.compare(second.nextUpdate, first.nextUpdate) > 0)
  assert.equal(second.revokedCount, first.revokedCount)
})

test('a list that no certificate names is not made', async () => {
  for (const path of ['/crl/issuing-1/4711.crl', '/crl/nobody.crl', '/crl/issuing-1/-1.crl']) {
    assert.equal((await fetchStatus(house, path)).status, 404, path)
  }
})
