// SPDX-License-Identifier: Apache-2.0
/** The gate on each way to a certificate: who brings a key that stands in a list is refused, and has spent nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPurposes } from '#format/oids.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { ownIssuer } from '#house/core.ts'
import { readyProfile } from '#house/foundation.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { certify, makeEntity } from '../../../test/made-certificates.ts'
import { ticketFor, tpmPump } from '../../../test/support/attested.ts'
import {
  addPump,
  ask,
  codeFor,
  deviceOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { renewalBy, requestBy } from '../../../test/support/house.ts'
import { changeProfile } from '../../../test/support/profiles.ts'
import { addApplication } from '../applications/add.ts'
import { issue } from '../authority/issue.ts'
import { requestAuthority } from '../authority/request-authority.ts'
import { trustForeign } from '../authority/trust-foreign.ts'
import { addProduct } from '../devices/product.ts'
import { applyProfile } from '../policy/apply-profile.ts'
import { approveOwn } from '../policy/decide.ts'
import { readyProfiles } from '../policy/ready/ready-profiles.ts'
import { applicationLabel, enrolApplication } from './applications/enrol-application.ts'
import { issueForServer } from './issue-for-server.ts'
import type { Credential } from './request.ts'
import { enrolWithKey } from './server-key/enrol-with-key.ts'
import { KeyWorkshop } from './server-key/workshop.ts'
import { addProxy, addRegistrar } from './speakers/register.ts'

/** A list that can be told what stands in it. */
class ToldLists implements KeyLists {
  readonly digest = 'told'
  readonly #known = new Set<string>()
  holdsAll = false

  add({ publicKey }: KeyPair): void {
    this.#known.add(publicKey.fingerprint.toHex())
  }

  find({ fingerprint }: PublicKey) {
    return this.holdsAll || this.#known.has(fingerprint.toHex())
      ? [{ name: 'key-listed', detail: 'the key stands in the list told' } as const]
      : []
  }
}

async function withLists(work: (core: TestCore, lists: ToldLists) => Promise<void>) {
  const lists = new ToldLists()
  await withCore(
    (core) => work(core, lists),
    () => ({ keyLists: lists }),
  )
}

async function listedKey(lists: ToldLists): Promise<KeyPair> {
  const key = await generateKey('p-256')
  lists.add(key)
  return key
}

const counted = (core: TestCore) => core.ledger.count('certificate', {})

test('a device that enrols by code is refused, and its code stays good for another key', () =>
  withLists(async (core, lists) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const before = await counted(core)
    const no = await ask(core, credential, await listedKey(lists))
    assert.deepEqual(no, {
      ...{ kind: 'refused', reason: 'key-known-weak', detail: 'the key stands in the list told' },
    })
    assert.equal(await counted(core), before)
    issuedOf(await ask(core, credential, await generateKey('p-256')))
  }))

test('a renewal is refused, with the key that it had before a list grew, too', () =>
  withLists(async (core, lists) => {
    const { shown, key, certificate } = await enrolDevice(core, await addPump(core), 'PUMP-1')
    core.clock.pass({ hours: 24 * 60 })
    const renew = async (pair: KeyPair) =>
      ask(core, shown, await renewalBy(pair, certificate), { operation: 'reenrol' })
    assert.equal(reasonOf(await renew(await listedKey(lists))), 'key-known-weak')
    lists.add(key)
    assert.equal(reasonOf(await renew(key)), 'key-known-weak')
    issuedOf(await renew(await generateKey('p-256')))
  }))

test('an attested key is refused', () =>
  withLists(async (core, lists) => {
    const { device } = await expectDevice(core, await tpmPump(core), 'PUMP-1')
    const key = await listedKey(lists)
    const ticket = await ticketFor(core, device, key)
    assert.equal(reasonOf(await ask(core, ticket, key)), 'key-known-weak')
  }))

test('nobody waits for a person with such a key', () =>
  withLists(async (core, lists) => {
    const { credential, device } = await expectDevice(core, await addPump(core), 'PUMP-1')
    await changeProfile(core, {
      approval: { rule: 'manual', operations: ['enrol'], because: 'RFC 0000: a test' },
    })
    const no = await ask(core, credential, await listedKey(lists))
    assert.equal(reasonOf(no), 'key-known-weak')
    const fresh = { kind: 'code', user: device.serial, code: await codeFor(core, device) } as const
    assert.equal((await ask(core, fresh, await generateKey('p-256'))).kind, 'pending')
  }))

test('a key that the server makes is refused as any other', () =>
  withLists(async (core, lists) => {
    const serverKeys = { algorithms: ['p-256'], because: 'its chip has no chance (a test)' }
    const document = { ...readyProfiles.ldevid, name: 'pump-keys', serverKeys }
    const profile = await applyProfile(
      Object.fromEntries(Object.entries(document).filter(([, part]) => part !== null)),
      operator,
      core,
    )
    assert.equal(profile.kind, 'applied', JSON.stringify(profile))
    const asked = {
      name: 'pump',
      exposure: 'therapy',
      maker: 'Acme',
      profile: 'pump-keys',
    } as const
    const added = await addProduct(asked, operator, core)
    if (added.kind !== 'added') assert.fail(added.detail)
    await core.doors.reload()
    const { credential } = await expectDevice(core, added.product, 'PUMP-1')
    lists.holdsAll = true
    const outcome = await enrolWithKey(
      {
        ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '192.0.2.7' },
        ...{ credential, request: await unsigned() },
        tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      },
      { ...core, workshop: new KeyWorkshop(), keyMaker: () => assert.fail('nothing is sealed') },
    )
    assert.equal(reasonOf(outcome), 'key-known-weak')
  }))

/** RFC 7030 section 4.4.1 has key and signature ignored. */
async function unsigned(): Promise<Uint8Array> {
  const { publicKey } = await generateKey('p-256')
  const info = encodeCertificationRequestInfo({
    ...{ subject: encodeName([]), publicKey: publicKey.spki, attributes: [] },
  })
  return encodeSigned(info, signatureAlgorithms['ecdsa-sha256'].identifier, new Uint8Array(8))
}

test('an application is refused, at its first certificate and at the next', () =>
  withLists(async (core, lists) => {
    const wish = { name: 'reader', profile: 'client', names: [], products: [], codeHours: 24 }
    const added = await addApplication(wish, 'Acme', operator, core)
    if (added.kind !== 'added') assert.fail(added.detail)
    const enrol = async (
      credential: Credential,
      operation: 'enrol' | 'reenrol',
      request: Uint8Array,
    ) =>
      enrolApplication(
        {
          ...{ protocol: 'est', operation, label: applicationLabel, sourceAddress: '192.0.2.7' },
          ...{ credential, request },
        },
        { maker: 'Acme', issuer: ownIssuer(core) },
        core,
      )
    const code = { kind: 'code', user: 'reader', code: added.code } as const
    const weak = await listedKey(lists)
    assert.equal(reasonOf(await enrol(code, 'enrol', await requestBy(weak))), 'key-known-weak')
    const good = await generateKey('p-256')
    const { certificate } = issuedOf(await enrol(code, 'enrol', await requestBy(good)))
    const shown = { kind: 'certificate', chain: [certificate] } as const
    core.clock.pass({ hours: 24 * 60 })
    const again = await enrol(shown, 'reenrol', await renewalBy(weak, certificate))
    assert.equal(reasonOf(again), 'key-known-weak')
  }))

test('a server for which a person asks is refused', () =>
  withLists(async (core, lists) => {
    const request = await requestBy(await listedKey(lists))
    const wish = { profile: 'server', names: ['broker.example.com'], maker: 'Acme', request }
    const outcome = await issueForServer(wish, ownIssuer(core), operator, core)
    assert.equal(reasonOf(outcome), 'key-known-weak')
  }))

test('nothing that was approved is signed for such a key, whoever approved it', () =>
  withLists(async (core, lists) => {
    const { device } = await enrolDevice(core, await addPump(core), 'PUMP-1')
    const issuer = ownIssuer(core) ?? assert.fail('no issuer')
    const { publicKey } = await listedKey(lists)
    const door = core.doors.for(device.product, undefined)
    const { profile } = 'kind' in door ? assert.fail(door.detail) : door
    const verdict = approveOwn({
      ...{ profile, publicKey, owner: device.id, environment: core.environment },
      facts: { maker: 'Acme', product: 'pump', serial: 'PUMP-1', name: 'pump' },
    })
    if (verdict.kind === 'refused') assert.fail(verdict.detail)
    const before = await counted(core)
    const outcome = await issue(
      verdict.approved,
      { kind: 'issuer', issuer },
      {
        ...{ actor: operator, key: undefined, environment: core.environment },
        keyFacts: { origin: 'device', protection: 'unknown', exportable: null },
        enrolment: {
          ...{ protocol: 'local', operation: 'enrol', entrance: null, proof: 'operator' },
          ...{ request: new Uint8Array(), credential: null, possession: 'signature' },
          sourceAddress: null,
        },
        reserveWith: () => [],
      },
      core,
    )
    assert.equal(reasonOf(outcome), 'key-known-weak')
    assert.equal(await counted(core), before)
  }))

test('what a key shows by itself is refused before its signature is looked at', () =>
  withCore(async (core) => {
    const expected = await expectDevice(core, await addPump(core), 'PUMP-1')
    const one = Uint8Array.fromHex('01'.padStart(64, '0'))
    const weak = await pairOfScalar(one)
    const no = await ask(core, expected.credential, await requestBy(weak))
    assert.equal(reasonOf(no), 'key-known-weak')
    assert.equal((await deviceOf(core, expected)).state, 'expected')
  }))

/** The private key that is the number one, which makes the generator of the curve the public one. */
async function pairOfScalar(scalar: Uint8Array): Promise<KeyPair> {
  const { createECDH } = await import('node:crypto')
  const { parsePrivateKey } = await import('#trust/private-key.ts')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(scalar)
  const point = pair.getPublicKey().toHex()
  const der = `308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420${scalar.toHex()}a144034200${point}`
  const read = await parsePrivateKey(Uint8Array.fromHex(der))
  return read.kind === 'refused' ? assert.fail(read.detail) : read.pair
}

test('nobody speaks for devices, and nothing vouches for them, with such a key', () =>
  withLists(async (core, lists) => {
    const ca = await makeEntity('CN=Makers CA')
    const extensions = [
      encodeExtension('extKeyUsage', [keyPurposes.cmcRA]),
      encodeExtension('basicConstraints', { ca: true }),
    ]
    const line = await certify(await makeEntity('CN=line 3'), ca, {
      notAfter: core.clock.now().round('second').add({ hours: 24 }),
      extensions,
    })
    const asRegistrar = { name: 'line-3', certificate: line, products: [], expiresAt: undefined }
    const asProxy = { name: 'front', certificate: line }
    const asAnchor = { ...asProxy, products: [], environment: core.environment }
    lists.holdsAll = true
    for (const outcome of [
      await addRegistrar(asRegistrar, operator, core),
      await addProxy(asProxy, operator, core),
      await trustForeign(asAnchor, operator, core),
    ])
      assert.equal(outcome.kind === 'refused' && outcome.reason, 'key-known-weak')
    lists.holdsAll = false
    assert.equal((await addRegistrar(asRegistrar, operator, core)).kind, 'added')
  }))

test('no certificate is asked of others for such a key of our own', () =>
  withLists(async (core, lists) => {
    const profile = readyProfile('issuing')
    const wish = {
      ...({ name: 'issuing-2', algorithm: 'p-256', maker: 'Acme' } as const),
      ...{ custody: undefined, twin: null, environment: core.environment, profile },
    }
    lists.holdsAll = true
    const no = await requestAuthority(wish, operator, core)
    assert.equal(no.kind === 'refused' && no.reason, 'key-known-weak')
    lists.holdsAll = false
    assert.equal((await requestAuthority(wish, operator, core)).kind, 'requested')
  }))
