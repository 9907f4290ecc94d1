// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { addProduct } from '#core/devices/product.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { parseEnvelopedData } from '#format/cms/enveloped-data.ts'
import { encodeSmimeCapabilities } from '#format/cms/smime-capabilities.ts'
import type { Oid } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { ServerKeyAnswer } from '#format/est/server-key-answer.ts'
import { algorithms, attributes, attributeTypes, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import { encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeExtension, readExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { type KeyAlgorithmName, signatureAlgorithms } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { certify, makeEntity } from '../../../../test/made-certificates.ts'
import { ticketFor } from '../../../../test/support/attested.ts'
import {
  ask,
  certificateOf,
  deviceOf,
  enrolDevice,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import type { Credential } from '../request.ts'
import { addRegistrar } from '../speakers/register.ts'
import { checkConfidential } from './channel.ts'
import { enrolWithKey, type ServerKeyOutcome, type ServerKeyRequest } from './enrol-with-key.ts'
import { KeyWorkshop } from './workshop.ts'

const because = 'its chip has no source of chance (a test)'
const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

/** A product whose devices may ask for keys. */
async function productWith(
  core: TestCore,
  changes: object = { serverKeys: { algorithms: ['p-256'], because } },
  name = 'pump',
): Promise<Product> {
  const whole = { ...readyProfiles.ldevid, name: `${name}-keys`, ...changes }
  const document = Object.fromEntries(Object.entries(whole).filter(([, part]) => part !== null))
  const applied = await applyProfile(document, operator, core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const asked = { name, exposure: 'therapy', maker: 'Acme', profile: `${name}-keys` } as const
  const added = await addProduct(asked, operator, core)
  if (added.kind !== 'added') assert.fail(added.detail)
  await core.doors.reload()
  return added.product
}

/** A request with the key of this algorithm that nobody signed: RFC 7030 section 4.4.1 has both ignored. */
async function wish(
  more: readonly RequestAttribute[] = [],
  algorithm: KeyAlgorithmName = 'p-256',
  subject = encodeName([]),
): Promise<Uint8Array> {
  const { publicKey } = await generateKey(algorithm)
  const info = encodeCertificationRequestInfo({
    ...{ subject, publicKey: publicKey.spki },
    attributes: more,
  })
  return encodeSigned(info, signatureAlgorithms['ecdsa-sha256'].identifier, new Uint8Array(8))
}

const maker = generateKey('p-256')

function askForKey(
  core: TestCore,
  credential: Credential,
  request: Uint8Array,
  more: Partial<ServerKeyRequest> = {},
): Promise<ServerKeyOutcome> {
  return enrolWithKey(
    {
      ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '192.0.2.7' },
      ...{ credential, request, tls, ...more },
    },
    {
      ...core,
      workshop: new KeyWorkshop(),
      keyMaker: async () => ({
        pair: await maker,
        chain: [core.doors.own[0]?.certificate ?? assert.fail()],
      }),
    },
  )
}

function answerOf(outcome: ServerKeyOutcome) {
  return outcome.kind === 'issued-with-key' ? outcome : assert.fail(JSON.stringify(outcome))
}

/** Whether the key in the answer is the one that the certificate is on. */
function belongs({ key, certificate }: ServerKeyAnswer): boolean {
  const privateKey = createPrivateKey({ key: Buffer.from(key.der), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return spki.equals(parseCertificate(certificate).publicKey.der)
}

const attribute = (type: Oid, value: Uint8Array): RequestAttribute => ({ type, values: [value] })
const octets = (content: Uint8Array) => encodeDer((writer) => writer.octets(content))
const capable = (oid: Oid) =>
  attribute(attributes.smimeCapabilities, encodeSmimeCapabilities([encodeAlgorithmIdentifier(oid)]))
const sealedTo = (identifier: Uint8Array): RequestAttribute[] => [
  capable(algorithms.aes256Cbc),
  attribute(attributes.asymmetricDecryptKeyIdentifier, octets(identifier)),
]

test('a key is made, certified, booked as an exception and kept nowhere', () =>
  withCore(async (core) => {
    const { device, credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const { answer, id } = answerOf(await askForKey(core, credential, request))
    assert.equal(answer.key.kind, 'plain')
    assert.ok(belongs(answer))
    const certificate = await certificateOf(core, id)
    const key = await core.ledger.read('key', certificate.key)
    assert.deepEqual(
      [key?.origin, key?.owner, key?.exportable, key?.algorithm],
      ['server', device.id, true, 'p-256'],
    )
    const enrolment = await core.ledger.read('enrolment', certificate.enrolment ?? '')
    assert.equal(enrolment?.possession, 'none')
    assert.deepEqual(enrolment?.request, request)
    const { items } = await core.ledger.list('exception', { by: 'subject', equal: [id], limit: 9 })
    assert.deepEqual(
      items.map(({ rule, grantedBy, reason }) => ({ rule, grantedBy, reason })),
      [{ rule: 'key-made-by-server', grantedBy: 'profile pump-keys 1', reason: because }],
    )
    const event = core.events.findLast(({ type }) => type === 'certificate-issued')
    assert.equal(event?.facts.keyOrigin, 'server')
    assert.equal(event?.facts.possession, 'none')
    const secret = createPrivateKey({
      ...{ key: Buffer.from(answer.key.der), format: 'der', type: 'pkcs8' },
    }).export({ format: 'jwk' }).d
    assert.ok(secret)
    const hex = Buffer.from(secret, 'base64url').toString('hex')
    const told = JSON.stringify([core.events, core.troubles, items, enrolment, key], (_, value) =>
      value instanceof Uint8Array ? value.toHex() : value,
    )
    assert.ok(!told.includes(hex) && !told.includes(secret))
  }))

test('the device renews by itself, on a key of its own', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const { answer } = answerOf(await askForKey(core, credential, await wish()))
    const shown = { kind: 'certificate', chain: [answer.certificate] } as const
    issuedOf(await ask(core, shown, await generateKey('p-256')))
  }))

test('the same request again ends the first certificate and makes a new key, while the first was not used', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const first = answerOf(await askForKey(core, credential, request))
    const second = answerOf(await askForKey(core, credential, request))
    assert.notDeepEqual(second.answer.key.der, first.answer.key.der)
    assert.ok(belongs(second.answer))
    const ended = await certificateOf(core, first.id)
    assert.deepEqual([ended.state, ended.revocationReason], ['revoked', 4])
    assert.equal((await certificateOf(core, second.id)).state, 'issued')
    // A crash between the end of the first and the making of the next leaves this.
    await revoke({ id: second.id, reason: 'superseded', because }, operator, core)
    const third = answerOf(await askForKey(core, credential, request))
    // Once it is used it has arrived: the code is spent.
    const shown = { kind: 'certificate', chain: [third.answer.certificate] } as const
    issuedOf(await ask(core, shown, await generateKey('p-256')))
    assert.equal(reasonOf(await askForKey(core, credential, request)), 'code-used')
  }))

test('a lost answer leaves a device with no more permissions than it had', () =>
  withCore(async (core) => {
    const expected = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const { answer } = answerOf(await askForKey(core, expected.credential, request))
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
    answerOf(await askForKey(core, expected.credential, request))
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
    const again = await wish()
    const revoked = { kind: 'certificate', chain: [answer.certificate] } as const
    assert.equal(reasonOf(await askForKey(core, revoked, again)), 'certificate-revoked')
    const last = answerOf(await askForKey(core, expected.credential, request))
    const shown = { kind: 'certificate', chain: [last.answer.certificate] } as const
    const first = answerOf(await askForKey(core, shown, again))
    const second = answerOf(await askForKey(core, shown, again))
    assert.equal((await certificateOf(core, first.id)).state, 'revoked')
    assert.equal((await certificateOf(core, second.id)).state, 'issued')
    assert.equal((await deviceOf(core, expected)).enrolmentsLeft, 0)
  }))

test('a registrar gets no key for a device', () =>
  withCore(async (core) => {
    const product = await productWith(core)
    await expectDevice(core, product, 'PUMP-1')
    const entity = await makeEntity('CN=line 1')
    const certificate = await certify(entity, entity, {
      extensions: [encodeExtension('extKeyUsage', [keyPurposes.cmcRA])],
      notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
      notAfter: Temporal.Instant.from('2026-12-31T23:59:59Z'),
    })
    const asked = { name: 'line 1', certificate, products: [product.id], expiresAt: undefined }
    assert.equal((await addRegistrar(asked, operator, core)).kind, 'added')
    const subject = encodeName([[{ type: attributeTypes.serialNumber, value: 'PUMP-1' }]])
    const shown = { kind: 'certificate', chain: [certificate.der] } as const
    const outcome = await askForKey(core, shown, await wish([], 'p-256', subject))
    assert.equal(reasonOf(outcome), 'proof-not-admitted')
    assert.match(JSON.stringify(outcome), /the device itself must ask/)
  }))

test('a certificate that an operator revoked is no lost answer, and another request spends another code', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const { id } = answerOf(await askForKey(core, credential, request))
    assert.equal(reasonOf(await askForKey(core, credential, await wish())), 'code-used')
    await revoke({ id, reason: 'privilegeWithdrawn', because }, operator, core)
    assert.equal(reasonOf(await askForKey(core, credential, request)), 'code-used')
  }))

test('after a quarter of an hour the same request is a new one', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const { id } = answerOf(await askForKey(core, credential, request))
    core.clock.pass({ minutes: 16 })
    assert.equal(reasonOf(await askForKey(core, credential, request)), 'code-used')
    assert.equal((await certificateOf(core, id)).state, 'issued')
  }))

test('lost answers are bounded by the daily limit', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    for (let made = 0; made < 24; made++) answerOf(await askForKey(core, credential, request))
    assert.equal(reasonOf(await askForKey(core, credential, request)), 'rate-limited')
  }))

test('of two that ask the same at once one gets a key, and the other comes again', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const outcomes = await Promise.all([1, 2].map(() => askForKey(core, credential, request)))
    const reasons = outcomes.map(reasonOf).sort()
    assert.ok(reasons[0] === 'busy' || reasons[0] === 'issued-with-key', reasons.join())
    answerOf(await askForKey(core, credential, request))
    const { items } = await core.ledger.list('certificate', { descending: true, limit: 9 })
    const good = items.filter((one) => one.kind === 'working' && one.state === 'issued')
    assert.equal(good.length, 1)
  }))

test('where the profile does not allow it, no key is made; and simpleenroll is not the same request', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core, {}), 'PUMP-1')
    const no = await askForKey(core, credential, await wish())
    assert.equal(reasonOf(no), 'server-key-not-permitted')
    assert.equal(core.events.at(-1)?.type, 'request-refused')
    const allowed = await productWith(core, undefined, 'other')
    const { credential: code } = await expectDevice(core, allowed, 'PUMP-2')
    const request = await wish()
    answerOf(await askForKey(core, code, request))
    // Its signature counts there: an answer with a key is never an answer to it.
    assert.equal(reasonOf(await ask(core, code, request)), 'code-used')
  }))

test('of several algorithms the one of the key in the request is made, of one alone that one', () =>
  withCore(async (core) => {
    const algorithms = ['p-256', 'rsa-3072', 'ml-dsa-65']
    const product = await productWith(core, { serverKeys: { algorithms, because } })
    const made = async (serial: string, algorithm: KeyAlgorithmName) => {
      const { credential } = await expectDevice(core, product, serial)
      return askForKey(core, credential, await wish([], algorithm))
    }
    for (const algorithm of ['rsa-3072', 'ml-dsa-65'] as const) {
      const { answer, id } = answerOf(await made(`${algorithm}-1`, algorithm))
      assert.ok(belongs(answer))
      assert.equal((await certificateOf(core, id)).algorithm, algorithm)
    }
    for (const algorithm of ['rsa-2048', 'rsa-4096', 'p-384'] as const)
      assert.equal(reasonOf(await made(`${algorithm}-2`, algorithm)), 'key-algorithm-not-admitted')
  }))

test('a key that cannot sign is got by a request with another key', () =>
  withCore(async (core) => {
    const product = await productWith(core, {
      keys: { algorithms: ['ml-kem-768'], because },
      keyUsage: { bits: ['keyEncipherment'], because },
      ...{ extendedKeyUsage: null, renewal: null, renewalAfterExpiry: null },
      admission: { proofs: ['code', 'birth-certificate'], because },
      serverKeys: { algorithms: ['ml-kem-768'], because },
    })
    const { credential } = await expectDevice(core, product, 'PUMP-1')
    const { answer } = answerOf(await askForKey(core, credential, await wish()))
    assert.ok(belongs(answer))
    const { extensions, publicKey } = parseCertificate(answer.certificate)
    assert.equal(publicKey.algorithm.oid, algorithms.mlKem768)
    assert.deepEqual(readExtension(extensions, 'keyUsage'), ['keyEncipherment'])
    // RFC 9935 section 6: the seed alone, 64 octets.
    assert.equal(answer.key.der.length, 86)
  }))

test('a plain key goes over a confidential connection alone', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const request = await wish()
    const over = (more: Partial<ServerKeyRequest>) => askForKey(core, credential, request, more)
    const proxy = { id: 'pxy_1', name: 'gate' }
    for (const more of [
      { tls: undefined },
      { tls: undefined, proxy },
      { proxy },
      { tls: { protocol: 'TLSv1.1', cipher: 'ECDHE-RSA-AES128-SHA' } },
      { tls: { protocol: 'TLSv1.2', cipher: 'ECDHE-RSA-AES128-SHA256' } },
      { tls: { protocol: 'TLSv1.2', cipher: 'AES256-GCM-SHA384' } },
    ])
      assert.equal(reasonOf(await over(more)), 'channel-not-confidential', JSON.stringify(more))
    for (const cipher of ['ECDHE-ECDSA-AES128-CCM', 'ECDHE-RSA-CHACHA20-POLY1305'])
      assert.equal(checkConfidential({}, { protocol: 'TLSv1.2', cipher }), undefined)
    answerOf(await over({}))
  }))

/** An own device with an RSA certificate that keys may be sealed to. */
async function withSealable(core: TestCore, product: Product, serial: string) {
  const expected = await expectDevice(core, product, serial)
  const key = await generateKey('rsa-3072')
  const { certificate, id } = issuedOf(await ask(core, expected.credential, key))
  const shown = { kind: 'certificate', chain: [certificate] } as const
  const identifier = readExtension(parseCertificate(certificate).extensions, 'subjectKeyIdentifier')
  assert.ok(identifier)
  return { ...expected, key, id, certificate, shown, identifier }
}

const sealable = {
  keys: { algorithms: ['rsa-3072'], because },
  keyUsage: { bits: ['digitalSignature', 'keyEncipherment'], because },
  serverKeys: { algorithms: ['rsa-3072'], because },
}

test('a key is sealed to a certificate of the device itself, over any connection', () =>
  withCore(async (core) => {
    const product = await productWith(core, sealable)
    const one = await withSealable(core, product, 'PUMP-1')
    const request = await wish(sealedTo(one.identifier), 'rsa-3072')
    const proxy = { id: newId('proxy', core), name: 'gate' }
    const { answer } = answerOf(
      await askForKey(core, one.shown, request, { tls: undefined, proxy }),
    )
    assert.equal(answer.key.kind, 'sealed')
    const { recipient } = parseEnvelopedData(answer.key.der)
    assert.deepEqual(
      recipient.recipient.serialNumber,
      parseCertificate(one.certificate).serialNumber,
    )
  }))

test('a certificate that is not the device’s, does not count any more, or cannot be sealed to is refused by name', () =>
  withCore(async (core) => {
    const product = await productWith(core, sealable)
    const other = await withSealable(core, product, 'PUMP-2')
    const one = await withSealable(core, product, 'PUMP-1')
    const named = async (identifier: Uint8Array) =>
      reasonOf(await askForKey(core, one.shown, await wish(sealedTo(identifier), 'rsa-3072')))
    assert.equal(await named(other.identifier), 'certificate-unknown')
    assert.equal(await named(new Uint8Array(0)), 'certificate-unknown')
    assert.equal(await named(new Uint8Array(1000)), 'certificate-unknown')
    const next = issuedOf(await ask(core, one.shown, await generateKey('rsa-3072')))
    const shown = { kind: 'certificate', chain: [next.certificate] } as const
    const request = await wish(sealedTo(one.identifier), 'rsa-3072')
    await revoke({ id: one.id, reason: 'keyCompromise', because }, operator, core)
    assert.equal(reasonOf(await askForKey(core, shown, request)), 'certificate-revoked')
    const signing = await productWith(core, undefined, 'signing')
    const { certificate, shown: signer } = await enrolDevice(core, signing, 'PUMP-3')
    const own = readExtension(parseCertificate(certificate).extensions, 'subjectKeyIdentifier')
    const wrong = await askForKey(core, signer, await wish(sealedTo(own ?? assert.fail())))
    assert.equal(reasonOf(wrong), 'certificate-wrong-purpose')
  }))

test('an expired certificate is not sealed to', () =>
  withCore(async (core) => {
    const validity = { hours: 100, because }
    const product = await productWith(core, { ...sealable, validity })
    const one = await withSealable(core, product, 'PUMP-1')
    core.clock.pass({ hours: 90 })
    const next = issuedOf(await ask(core, one.shown, await generateKey('rsa-3072')))
    core.clock.pass({ hours: 20 })
    const shown = { kind: 'certificate', chain: [next.certificate] } as const
    const request = await wish(sealedTo(one.identifier), 'rsa-3072')
    assert.equal(reasonOf(await askForKey(core, shown, request)), 'certificate-expired')
  }))

test('a protection that is not offered, or half asked for, is refused in words', () =>
  withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const identifier = attribute(
      attributes.asymmetricDecryptKeyIdentifier,
      octets(new Uint8Array(20)),
    )
    const shared = attribute(attributes.decryptKeyIdentifier, octets(new Uint8Array(4)))
    const capabilities = capable(algorithms.aes256Cbc)
    for (const [more, reason] of [
      [[capabilities, shared], 'key-protection-not-offered'],
      [[capable(algorithms.aes128Cbc), identifier], 'key-protection-not-offered'],
      [[identifier], 'request-malformed'],
      [[shared], 'request-malformed'],
      [[capabilities, identifier, shared], 'request-malformed'],
      [[capabilities, attribute(identifier.type, Uint8Array.of(5, 0))], 'request-malformed'],
      [
        [
          capabilities,
          { ...identifier, values: [octets(Uint8Array.of(1)), octets(Uint8Array.of(2))] },
        ],
        'request-malformed',
      ],
    ] as const)
      assert.equal(reasonOf(await askForKey(core, credential, await wish(more))), reason)
  }))

test('bytes that are no request are refused, and keys are made two at a time', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const no = await askForKey(core, credential, Uint8Array.of(0x30, 0))
    assert.equal(reasonOf(no), 'request-malformed')
  })
  const workshop = new KeyWorkshop()
  const made = await Promise.all([1, 2, 3].map(() => workshop.make('rsa-2048')))
  assert.deepEqual(
    made.map((one) => ('kind' in one ? one.reason : 'made')),
    ['made', 'made', 'busy'],
  )
  assert.ok(!('kind' in (await workshop.make('p-256'))))
})

test('a ticket is good for the attested key, and never for one that the server makes', () =>
  withCore(async (core) => {
    const { device } = await expectDevice(core, await productWith(core), 'PUMP-1')
    const ticket = await ticketFor(core, device, await generateKey('p-256'))
    assert.equal(reasonOf(await askForKey(core, ticket, await wish())), 'proof-not-admitted')
  }))
