// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { parseOidText } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { usualPlaces } from './peer-facts.ts'
import { readAnchors } from './read-anchors.ts'
import type { StatusAnswer, StatusSource } from './status-source.ts'
import { type PeerQuestion, verifyPeer } from './verify-peer.ts'

let root: Entity
let issuing: Entity
let rootCertificate: Certificate
let issuingCertificate: Certificate
before(async () => {
  root = await makeEntity('CN=Root')
  issuing = await makeEntity('CN=Issuing')
  rootCertificate = await certifyAuthority(root)
  issuingCertificate = await certifyAuthority(issuing, root)
})

const client = encodeExtension('extKeyUsage', [keyPurposes.clientAuth])
const server = encodeExtension('extKeyUsage', [keyPurposes.serverAuth])

async function leafWith(extensions: readonly Extension[] = [client], name = pumpName) {
  return certify(await makeEntity(name), issuing, { extensions })
}
const pumpName = 'O=Acme,OU=pump,CN=P-1,serialNumber=P-1,description=lot 7'

/** Says the same of every certificate. */
const saying = (answer: StatusAnswer): StatusSource => ({ name: 'a test', statusOf: () => answer })
const good = { kind: 'good', until: madeNotAfter } as const

function ask(leaf: Certificate, more: Partial<PeerQuestion> = {}) {
  return verifyPeer({
    ...{ chain: [leaf.der, issuingCertificate.der], anchors: [makeAnchor(rootCertificate)] },
    ...{ at: madeNow, purpose: 'device', status: 'dangerouslyUnchecked' },
    ...more,
  })
}

async function reasonFor(leaf: Certificate, more: Partial<PeerQuestion> = {}): Promise<string> {
  const verdict = await ask(leaf, more)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

test('gives the facts of a peer that is trusted, and how well its status is known', async () => {
  const leaf = await leafWith()
  const status = { sources: [saying(good)], whenUnknown: 'refuse', scope: 'path' } as const
  const places = { ...usualPlaces, lot: 'description' } as const
  const verdict = await ask(leaf, { status, places })
  assert.ok(verdict.kind === 'trusted', JSON.stringify(verdict))
  const { serial, product, lot } = verdict.facts
  assert.deepEqual([serial, product, lot], ['P-1', 'pump', 'lot 7'])
  assert.deepEqual(verdict.status, { kind: 'good', until: madeNotAfter })
  assert.equal(verdict.path.certificates.length, 2)
})

test('a certificate that does not say what it is for, as at birth, is believed only by name', async () => {
  const any = encodeExtension('extKeyUsage', [keyPurposes.anyExtendedKeyUsage])
  for (const birth of [await leafWith([]), await leafWith([any])]) {
    assert.equal(await reasonFor(birth), 'certificate-wrong-purpose')
    assert.equal(await reasonFor(birth, { acceptsBirth: true }), 'trusted')
    for (const purpose of ['client', 'server'] as const)
      assert.equal(
        await reasonFor(birth, { purpose, acceptsBirth: true }),
        'certificate-wrong-purpose',
      )
  }
})

test('anchors come as PEM, and a chain may lack what is known anyhow', async () => {
  const leaf = await leafWith()
  const anchors = readAnchors(encodePem('CERTIFICATE', rootCertificate.der))
  const more = { anchors, chain: [leaf.der] }
  assert.equal(await reasonFor(leaf, more), 'certificate-not-trusted')
  assert.equal(await reasonFor(leaf, { ...more, intermediates: [issuingCertificate] }), 'trusted')
  assert.throws(() => readAnchors('nothing'), { code: 'pem-malformed' })
})

test('a server is believed under its own names alone', async () => {
  assert.equal(
    await reasonFor(await leafWith(), { purpose: 'server' }),
    'certificate-wrong-purpose',
  )
  const names = encodeExtension('subjectAltName', [
    { kind: 'dns', value: '*.example.com' },
    { kind: 'ip', bytes: Uint8Array.of(192, 0, 2, 7) },
  ])
  const host = await leafWith([server, names])
  const asHost = (wanted: string) =>
    reasonFor(host, { purpose: 'server', wanted: { host: wanted } })
  for (const name of ['a.example.com', 'A.EXAMPLE.COM', 'a.example.com.', '192.0.2.7'])
    assert.equal(await asHost(name), 'trusted', name)
  for (const name of [
    'example.com',
    'a.b.example.com',
    'a.example.org',
    '192.0.2.8',
    '.example.com',
  ])
    assert.equal(await asHost(name), 'identity-differs', name)
})

test('refuses whoever is not expected', async () => {
  const leaf = await leafWith()
  const of = (wanted: PeerQuestion['wanted']) => reasonFor(leaf, { wanted: wanted! })
  assert.equal(await of({ product: 'pump', serial: 'P-1' }), 'trusted')
  for (const wanted of [{ product: 'monitor' }, { serial: 'P-2' }, { lot: 'lot 7' }])
    assert.equal(await of(wanted), 'identity-differs')
})

test('asks for one of the policies that are named', async () => {
  const policy = '1.3.6.1.4.1.99999.1'
  const asserted = encodeExtension('certificatePolicies', [{ oid: parseOidText(policy) }])
  const above = await certifyAuthority(issuing, root, [asserted])
  const leaf = await leafWith([client, asserted])
  const chain = [leaf.der, above.der]
  assert.equal(await reasonFor(leaf, { chain, policies: [policy] }), 'trusted')
  const other = { chain, policies: ['1.3.6.1.4.1.99999.2'] }
  assert.equal(await reasonFor(leaf, other), 'certificate-not-trusted')
})

test('what is unknown of revocation is decided by the rule, and said in any case', async () => {
  const leaf = await leafWith()
  const silent = saying({ kind: 'unknown', because: 'asleep' })
  const rule = (sources: readonly StatusSource[], whenUnknown: 'refuse' | 'accept') => ({
    status: { sources, whenUnknown, scope: 'leaf' } as const,
  })
  assert.equal(await reasonFor(leaf, rule([silent], 'refuse')), 'status-unknown')
  assert.equal(await reasonFor(leaf, rule([], 'refuse')), 'status-unknown')
  const open = await ask(leaf, rule([silent], 'accept'))
  assert.ok(open.kind === 'trusted')
  assert.deepEqual(open.status, { kind: 'unknown', because: 'a test: asleep' })
  const old = saying({ kind: 'outdated', because: 'of last year' })
  assert.equal(await reasonFor(leaf, rule([silent, old], 'refuse')), 'status-outdated')
  assert.equal(await reasonFor(leaf, rule([silent, old, saying(good)], 'refuse')), 'trusted')
  const revoked = saying({ kind: 'revoked', since: madeNow, reason: 1 })
  assert.equal(await reasonFor(leaf, rule([old, revoked], 'accept')), 'certificate-revoked')
  const held = saying({ kind: 'revoked', since: undefined, reason: 6 })
  assert.equal(await reasonFor(leaf, rule([held], 'accept')), 'certificate-held')
})

test('a certificate that says nobody publishes its status is no unknown one (RFC 9608)', async () => {
  const leaf = await leafWith([client, encodeExtension('noRevAvail', null)])
  const status = { sources: [], whenUnknown: 'refuse', scope: 'leaf' } as const
  const verdict = await ask(leaf, { status })
  assert.ok(verdict.kind === 'trusted' && verdict.status.kind === 'not-published')
  // A source that knows it all the same counts.
  const knowing = saying({ kind: 'revoked', since: madeNow, reason: 1 })
  assert.equal(
    await reasonFor(leaf, { status: { ...status, sources: [knowing] } }),
    'certificate-revoked',
  )
})

test('a revoked authority takes all below it along, where the path is asked', async () => {
  const leaf = await leafWith()
  const source: StatusSource = {
    name: 'a test',
    statusOf: ({ certificate }) =>
      certificate.der === leaf.der || certificate.serialNumber !== issuingCertificate.serialNumber
        ? good
        : { kind: 'revoked', since: madeNow, reason: 2 },
  }
  const chain = [leaf.der]
  const more = { chain, intermediates: [issuingCertificate] }
  const rule = (scope: 'path' | 'leaf') =>
    ({ sources: [source], whenUnknown: 'refuse', scope }) as const
  assert.equal(await reasonFor(leaf, { ...more, status: rule('leaf') }), 'trusted')
  assert.equal(await reasonFor(leaf, { ...more, status: rule('path') }), 'certificate-revoked')
})

test('refuses chains that are empty, long, bent, crossed or of strangers', async () => {
  const leaf = await leafWith()
  const many = Array.from({ length: 11 }, () => leaf.der)
  assert.equal(await reasonFor(leaf, { chain: [] }), 'certificate-malformed')
  assert.equal(await reasonFor(leaf, { chain: many }), 'path-too-long')
  assert.equal(await reasonFor(leaf, { chain: [leaf.der.slice(1)] }), 'certificate-malformed')
  assert.equal(
    await reasonFor(leaf, { chain: [leaf.der, Uint8Array.of(0x30)] }),
    'certificate-malformed',
  )
  const stranger = await makeEntity('CN=Issuing')
  const forged = await certify(await makeEntity(pumpName), stranger, { extensions: [client] })
  const strange = await certifyAuthority(stranger)
  assert.equal(
    await reasonFor(forged, { chain: [forged.der, strange.der, issuingCertificate.der] }),
    'signature-wrong',
  )
  const late = { at: madeNotAfter.add({ seconds: 1 }) }
  assert.equal(await reasonFor(leaf, late), 'certificate-expired')
})
