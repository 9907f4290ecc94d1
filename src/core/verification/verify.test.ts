// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { issueForServer } from '#core/enrolment/issue-for-server.ts'
import type { LedgerRecord } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { encodeSigned, encodeTbsCertificate, parseCertificate } from '#format/x509/certificate.ts'
import { ownIssuer } from '#house/core.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  force,
  openTestCore,
  operator,
  type TestCore,
} from '../../../test/support/core.ts'
import { requestBy } from '../../../test/support/house.ts'
import { makeTestAuthority } from '../../../test/tls-certificates.ts'
import { KnownPaths } from './known-paths.ts'
import { type VerificationQuestion, verify } from './verify.ts'

let core: TestCore
let pump: Enrolled
before(async () => {
  core = await openTestCore()
  pump = await enrolDevice(core, await addPump(core), 'P-1')
})
after(() => core.close())

let serials = 1
/** A device that no other test touches. */
async function another(product?: string, more = {}): Promise<Enrolled> {
  const made = core.doors.open.find((door) => door.product.name === (product ?? 'pump'))
  const of = made?.product ?? (await addPump(core, product))
  return enrolDevice(core, of, `P-${++serials}`, more)
}

type Asked = Partial<VerificationQuestion>

const ask = (certificate: Uint8Array, more: Asked = {}) =>
  verify({ chain: [certificate], purpose: 'device', ...more }, core)

/** `trusted`, or the reason why not. */
async function outcomeOf(certificate: Uint8Array, more: Asked = {}): Promise<string> {
  const verification = await ask(certificate, more)
  return verification.kind === 'refused' ? verification.reason : verification.kind
}

async function change(id: string, columns: Partial<LedgerRecord<'certificate'>>): Promise<void> {
  const record = await certificateOf(core, id)
  const put = { ...record, ...columns, version: record.version + 1 }
  await core.ledger.commit({ puts: [{ kind: 'certificate', record: put }], events: [] })
}

test('tells whose a good certificate is, of which product and until when', async () => {
  const verification = await ask(pump.certificate)
  assert.ok(verification.kind === 'trusted', JSON.stringify(verification))
  const { record, device, product, authority } = verification.known
  assert.deepEqual(
    [record.id, record.kind, device?.serial, product?.name, authority?.environment],
    [pump.id, 'working', 'P-1', 'pump', 'trial'],
  )
})

test('refuses a certificate from the commit of its revocation on, and still says whose it was', async () => {
  const device = await another()
  assert.equal(await outcomeOf(device.certificate), 'trusted')
  const reason = { reason: 'unspecified', because: 'lost' } as const
  await revoke({ id: device.id, ...reason }, operator, core)
  const verification = await ask(device.certificate)
  assert.ok(verification.kind === 'refused' && verification.reason === 'certificate-revoked')
  assert.match(verification.detail, /^it was revoked at 2026-/)
  assert.equal(verification.known?.device?.id, device.device.id)
})

test('refuses a certificate that is on hold, and believes it again once it is released', async () => {
  const device = await another()
  await change(device.id, { state: 'held', revokedAt: core.clock.now(), revocationReason: 6 })
  assert.equal(await outcomeOf(device.certificate), 'certificate-held')
  await change(device.id, { state: 'issued', revokedAt: null, revocationReason: null })
  assert.equal(await outcomeOf(device.certificate), 'trusted')
})

test('refuses a device in quarantine and one that was retired, whatever its certificate says', async () => {
  const device = await another()
  const held = await force(core, await deviceOf(core, device), { state: 'quarantined' })
  assert.equal(await outcomeOf(device.certificate), 'device-quarantined')
  const active = await force(core, held, { state: 'active' })
  assert.equal(await outcomeOf(device.certificate), 'trusted')
  await force(core, active, { state: 'retired' })
  assert.equal(await outcomeOf(device.certificate), 'device-retired')
})

test('believes a replaced certificate for as long as our own doors do', async () => {
  const device = await another()
  const retiresAt = core.clock.now().add({ hours: 1 })
  await change(device.id, { state: 'retired', retiresAt })
  assert.equal(await outcomeOf(device.certificate), 'trusted')
  await change(device.id, { retiresAt: core.clock.now() })
  assert.equal(await outcomeOf(device.certificate), 'certificate-retired')
  await change(device.id, { retiresAt: null })
  assert.equal(await outcomeOf(device.certificate), 'certificate-retired')
})

test('refuses a key that was reported compromised', async () => {
  const device = await another()
  const { key: id } = await certificateOf(core, device.id)
  const key = (await core.ledger.read('key', id)) ?? assert.fail('no key')
  const record = { ...key, version: key.version + 1, state: 'compromised' } as const
  await core.ledger.commit({ puts: [{ kind: 'key', record }], events: [] })
  assert.equal(await outcomeOf(device.certificate), 'key-known-weak')
})

test('accepts a birth certificate only where it is asked for by name', async () => {
  const device = await another('pump', { label: 'pump-birth' })
  const verification = await ask(device.certificate)
  assert.ok(verification.kind === 'refused')
  assert.match(verification.detail, /accepted only to enrol/)
  assert.equal(verification.reason, 'certificate-wrong-purpose')
  assert.equal(await outcomeOf(device.certificate, { acceptsBirth: true }), 'trusted')
  assert.equal(
    await outcomeOf(device.certificate, { acceptsBirth: true, purpose: 'client' }),
    'certificate-wrong-purpose',
  )
})

test('a device is no application and no server, and a server is no device', async () => {
  for (const purpose of ['client', 'server'] as const)
    assert.equal(await outcomeOf(pump.certificate, { purpose }), 'certificate-wrong-purpose')
  const server = await serverCertificate()
  assert.equal(await outcomeOf(server, { purpose: 'server' }), 'trusted')
  assert.equal(await outcomeOf(server), 'certificate-wrong-purpose')
  const asHost = (host: string) => outcomeOf(server, { purpose: 'server', wanted: { host } })
  assert.equal(await asHost('BROKER.example.com'), 'trusted')
  assert.equal(await asHost('192.0.2.9'), 'trusted')
  assert.equal(await asHost('evil.example.com'), 'identity-differs')
  assert.equal(await asHost('192.0.2.8'), 'identity-differs')
})

async function serverCertificate(): Promise<Uint8Array> {
  const request = await requestBy(await generateKey('p-256'))
  const names = ['broker.example.com', '192.0.2.9']
  const wish = { profile: 'server', names, maker: 'Acme', request }
  const issued = await issueForServer(wish, ownIssuer(core), operator, core)
  return issued.kind === 'issued' ? issued.certificate : assert.fail(JSON.stringify(issued))
}

test('refuses whoever is not the device that is expected', async () => {
  const of = (wanted: VerificationQuestion['wanted']) =>
    outcomeOf(pump.certificate, { wanted: wanted! })
  const { product } = await deviceOf(core, pump)
  for (const good of [
    ...[{ product: 'pump' }, { product }, { serial: 'P-1' }, { profile: 'ldevid' }],
    { environment: 'trial' } as const,
  ])
    assert.equal(await of(good), 'trusted', JSON.stringify(good))
  for (const bad of [
    ...[{ product: 'monitor' }, { serial: 'P-2' }, { profile: 'idevid' }, { lot: 'A' }],
    ...[{ policy: '1.2.3' }, { host: 'pump.example.com' }],
  ])
    assert.equal(await of(bad), 'identity-differs', JSON.stringify(bad))
  assert.equal(await of({ environment: 'production' }), 'environment-wrong')
  await force(core, await deviceOf(core, pump), { lot: 'A' })
  assert.equal(await of({ lot: 'A' }), 'trusted')
})

test('refuses what a stranger issued, an empty chain, and what is no certificate', async () => {
  const stranger = await (await makeTestAuthority('Stranger')).issue('P-1')
  // Its authorities are sent along, and count for nothing.
  const chain = [...stranger.chain]
  assert.equal(await outcomeOf(chain[0]!, { chain }), 'certificate-not-trusted')
  assert.equal(await outcomeOf(chain[0]!, { chain: [] }), 'credential-missing')
  const cut = pump.certificate.slice(0, -1)
  assert.equal(await outcomeOf(cut), 'certificate-malformed')
  assert.equal(await outcomeOf(new Uint8Array()), 'certificate-malformed')
  const issuer = ownIssuer(core)?.authority.certificate ?? assert.fail('no issuer')
  assert.equal(await outcomeOf(issuer), 'certificate-wrong-purpose')
})

test('refuses what our own key signed if nobody booked it', async () => {
  const issuer = ownIssuer(core) ?? assert.fail('no issuer')
  const { extensions, ...like } = parseCertificate(pump.certificate)
  const toBeSigned = encodeTbsCertificate({
    ...like,
    extensions,
    serialNumber: core.random.bytes(16).with(0, 0x41),
    publicKey: (await generateKey('p-256')).publicKey.spki,
  })
  const signature = await core.keys.sign(issuer.keyId, toBeSigned)
  const forged = encodeSigned(toBeSigned, issuer.signatureAlgorithm.identifier, signature)
  const verification = await ask(forged)
  assert.ok(verification.kind === 'refused' && verification.reason === 'certificate-unknown')
  assert.match(verification.detail, /find out who else has that key/)
})

test('refuses certificates below an authority that was revoked, at once', async () => {
  await using other = await openCoreOfItsOwn()
  const device = await enrolDevice(other.core, await addPump(other.core), 'P-1')
  const question = { chain: [device.certificate], purpose: 'device' } as const
  assert.equal((await verify(question, other.core)).kind, 'trusted')
  const { sha256 } = ownCertificate(other.core)
  const own = await other.core.ledger.find('certificate', 'sha256', [sha256])
  const reason = { reason: 'unspecified', because: 'its key was copied' } as const
  await revoke({ id: own?.id ?? '', ...reason }, operator, other.core)
  const verification = await verify(question, other.core)
  assert.ok(verification.kind === 'refused' && verification.reason === 'certificate-revoked')
  assert.match(verification.detail, /^the authority above it/)
})

function ownCertificate(of: TestCore) {
  const issuer = ownIssuer(of) ?? assert.fail('no issuer')
  return { sha256: issuer.authority.certificateSha256, authority: issuer.authority }
}

async function openCoreOfItsOwn() {
  const own = await openTestCore()
  return { core: own, [Symbol.asyncDispose]: () => own.close() }
}

test('refuses a certificate after its last second, though its path was found before', async () => {
  await using other = await openCoreOfItsOwn()
  const device = await enrolDevice(other.core, await addPump(other.core), 'P-1')
  const question = { chain: [device.certificate], purpose: 'device' } as const
  assert.equal((await verify(question, other.core)).kind, 'trusted')
  other.core.clock.pass({ hours: 24 * 400 })
  const verification = await verify(question, other.core)
  assert.equal(verification.kind === 'refused' && verification.reason, 'certificate-expired')
  other.core.clock.pass({ hours: -24 * 401 })
  const early = await verify(question, other.core)
  assert.equal(early.kind === 'refused' && early.reason, 'certificate-not-yet-valid')
})

test('refuses certificates below a root that was ended: what was kept of paths is forgotten', async () => {
  await using other = await openCoreOfItsOwn()
  const device = await enrolDevice(other.core, await addPump(other.core), 'P-1')
  const question = { chain: [device.certificate], purpose: 'device' } as const
  assert.equal((await verify(question, other.core)).kind, 'trusted')
  assert.equal(other.core.paths.size, 1)
  const root = other.core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail('no root')
  const record = { ...root, version: root.version + 1, state: 'retired' } as const
  await other.core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
  const verification = await verify(question, other.core)
  assert.equal(verification.kind === 'refused' && verification.reason, 'certificate-not-trusted')
})

test('keeps no more paths than it may', async () => {
  const paths = new KnownPaths(2)
  const devices = [pump, await another(), await another()]
  const look = (of: Enrolled) =>
    verify({ chain: [of.certificate], purpose: 'device' }, { ...core, paths })
  for (const one of devices) assert.equal((await look(one)).kind, 'trusted')
  assert.equal(paths.size, 2)
})

test('says nothing while it may not know what other nodes changed', async () => {
  const behind = new Error('nothing was heard')
  const demandCurrent = () => {
    throw behind
  }
  const asked = verify({ chain: [pump.certificate], purpose: 'device' }, { ...core, demandCurrent })
  await assert.rejects(asked, behind)
})

test('a certificate that is being signed is not believed', async () => {
  const device = await another()
  await change(device.id, { state: 'reserved' })
  assert.equal(await outcomeOf(device.certificate), 'certificate-unknown')
})
