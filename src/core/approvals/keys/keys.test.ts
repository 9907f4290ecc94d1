// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { signStatement } from '#trust/approval/sign-statement.ts'
import {
  addApprover,
  addPerson,
  makeSigner,
  registrationOf,
} from '../../../../test/support/approver.ts'
import { openTestCore, reasonOf, type TestCore } from '../../../../test/support/core.ts'
import type { Person } from '../../ledger/tables.ts'
import { confirmKey } from './confirm-key.ts'
import { endKey } from './end-key.ts'
import { registerKey } from './register-key.ts'

let core: TestCore
let ada: Person
let grace: Person

before(async () => {
  core = await openTestCore()
  ada = await addPerson('Ada', core)
  grace = await addPerson('Grace', core, 'administrator')
})
after(() => core.close())

async function registration(account = 'Ada', more = {}) {
  const at = core.clock.now()
  return registrationOf(await makeSigner('Ada Lovelace', at), account, at, {
    name: 'Ada Lovelace',
    ...more,
  })
}

test('a key is registered by its owner, confirmed by another administrator, and ended for ever', async () => {
  const registered = await registerKey(await registration(), ada, core)
  if (registered.kind === 'refused') return assert.fail(registered.detail)
  const { key } = registered
  assert.deepEqual(
    [key.state, key.name, key.role, key.person],
    [...['waiting', 'Ada Lovelace', 'quality'], ada.id],
  )
  const known = await core.ledger.read('key', key.key)
  assert.deepEqual([known?.purpose, known?.owner], ['approver', ada.id])
  const by = (person: Person, fingerprint = key.fingerprint) =>
    confirmKey(key, fingerprint, person, core)
  assert.equal(reasonOf(await by(await addPerson('Op', core))), 'not-permitted')
  assert.equal(reasonOf(await by(grace, new Uint8Array(32))), 'key-differs')
  assert.equal(reasonOf(await by({ ...ada, role: 'administrator' })), 'approver-counted')
  const confirmed = await by(grace)
  if (confirmed.kind === 'refused') return assert.fail(confirmed.detail)
  assert.deepEqual([confirmed.key.state, confirmed.key.confirmedBy], ['active', grace.id])
  assert.equal(
    reasonOf(await confirmKey(confirmed.key, key.fingerprint, grace, core)),
    'decided-already',
  )
  const actor = { kind: 'person', id: grace.id } as const
  const ended = await endKey(confirmed.key, 'the card was lost', actor, core)
  if (ended.kind === 'refused') return assert.fail(ended.detail)
  assert.deepEqual([ended.key.state, ended.key.endedBy], ['ended', grace.id])
  assert.equal((await core.ledger.read('key', key.key))?.state, 'retired')
  const types = core.events.map(({ type }) => type).filter((type) => type.startsWith('approver-'))
  assert.deepEqual(types.slice(-3), [
    ...['approver-key-registered', 'approver-key-confirmed', 'approver-key-ended'],
  ])
})

test('a key has one owner and one purpose: what is known here is taken from nobody', async () => {
  const at = core.clock.now()
  const signer = await makeSigner('Ada', at)
  assert.equal(
    (await registerKey(await registrationOf(signer, 'Ada', at), ada, core)).kind,
    'changed',
  )
  const again = await registrationOf(signer, 'Grace', core.clock.now())
  assert.equal(reasonOf(await registerKey(again, grace, core)), 'key-has-another-owner')
})

test('a registration counts for the account that it names, now, and under its own signature', async () => {
  const refused = async (given: Parameters<typeof registerKey>[0], person = ada) =>
    reasonOf(await registerKey(given, person, core))
  assert.equal(await refused(await registration('Grace')), 'approval-statement-wrong')
  assert.equal(
    await refused({ ...(await registration()), statement: Uint8Array.of(1) }),
    'approval-statement-wrong',
  )
  const [one, other] = [await registration(), await registration()]
  assert.equal(await refused({ ...one, signature: other.signature }), 'approval-signature-wrong')
  assert.equal(
    await refused({ ...one, signature: Uint8Array.of(0x30) }),
    'approval-signature-wrong',
  )
  assert.equal(await refused({ ...one, chain: other.chain }), 'input-wrong')
  assert.equal(await refused({ ...one, chain: [] }), 'input-wrong')
  assert.equal(await refused({ ...one, chain: [Uint8Array.of(0x30, 0)] }), 'input-wrong')
  const changed = one.chain[0]!.slice()
  changed[changed.length - 1]! ^= 1
  assert.equal(await refused({ ...one, chain: [changed] }), 'signature-wrong')
  for (const hours of [-73, 1]) {
    const at = core.clock.now().add({ hours })
    const signer = await makeSigner('Ada', at)
    assert.equal(
      await refused(await registrationOf(signer, 'Ada', at)),
      'approval-time-implausible',
      `${hours}`,
    )
  }
  const auditor = await addPerson('Alan', core, 'auditor')
  assert.equal(await refused(await registration('Alan'), auditor), 'not-permitted')
})

test('a key that cannot be read, or stands in a list of weak ones, is not taken in', async () => {
  const broken = await registration('Ada', { publicKey: Uint8Array.of(0x30, 0x00) })
  assert.equal(reasonOf(await registerKey(broken, ada, core)), 'key-malformed')
  const keyLists = {
    digest: '',
    find: () => [{ kind: 'key-listed' as const, detail: 'in a test', cause: 'a test' }],
  } as unknown as TestCore['keyLists']
  const listed = await registerKey(await registration(), ada, { ...core, keyLists })
  assert.equal(reasonOf(listed), 'key-known-weak')
})

test('what signs here is read by X.509: the name is the printed one', async () => {
  const { key } = await addApprover('Bo', core, { name: 'Bo Ångström', algorithm: 'ed25519' })
  const certificate = parseCertificate(Uint8Array.fromBase64(key.chain[0]!))
  assert.match(
    certificate.subject.der.toHex(),
    new RegExp(Buffer.from('Bo Ångström').toString('hex')),
  )
})

for (const algorithm of ['p-384', 'ed25519', 'rsa-3072', 'ml-dsa-65'] as const) {
  test(`an approver key may be ${algorithm}`, async () => {
    const { key, signer } = await addApprover(`Kim ${algorithm}`, core, { algorithm })
    assert.equal(key.state, 'active')
    assert.ok((await signStatement(Uint8Array.of(1), signer, core.clock.now())).length > 200)
  })
}
