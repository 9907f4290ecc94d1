// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { type Certificate, encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl, type Revocation } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type {
  DistributionPoint,
  IssuingDistributionPoint,
  ReasonFlagName,
} from '#format/x509/extensions/locations.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sign } from '#trust/private-key.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNotBefore,
  madeNow,
  makeEntity,
} from '../../../../test/made-certificates.ts'
import type { StatusAnswer } from '../status-source.ts'
import { crlSource, listAddresses } from './crl-source.ts'
import { type RevocationList, readRevocationList } from './revocation-list.ts'

let issuing: Entity
let issuer: TrustAnchor
let pump: Certificate
before(async () => {
  issuing = await makeEntity('CN=Issuing')
  issuer = anchored(await certifyAuthority(issuing))
  pump = await leaf()
})

function anchored(certificate: Certificate): TrustAnchor {
  const made = anchorOf(certificate)
  return made.kind === 'anchor' ? made.anchor : assert.fail(made.detail)
}

const leaf = async (...extensions: readonly Extension[]) =>
  certify(await makeEntity('CN=P-1'), issuing, { extensions })

const uri = (value: string) => ({ fullName: [{ kind: 'uri', value }] }) as const
const pointing = (...points: readonly DistributionPoint[]) =>
  encodeExtension('cRLDistributionPoints', points)

interface ListWish {
  readonly revoked?: readonly Revocation[]
  readonly number?: number
  readonly base?: number
  readonly point?: IssuingDistributionPoint
  readonly from?: Temporal.Instant
  readonly hours?: number
  readonly by?: Entity
  readonly more?: readonly Extension[]
}

/** A list of the issuer, good for a day around `madeNow` unless the wish says otherwise. */
async function list(wish: ListWish = {}): Promise<RevocationList> {
  return readRevocationList(await listBytes(wish))
}

async function listBytes(wish: ListWish): Promise<Uint8Array> {
  const { by = issuing, number = 1, base, point, more = [] } = wish
  const algorithm = signatureAlgorithmFor(by.pair.publicKey.algorithm)
  const thisUpdate = wish.from ?? madeNow.subtract({ hours: 12 })
  const toBeSigned = encodeTbsCrl({
    ...{ signatureAlgorithm: algorithm.identifier, issuer: issuing.name, thisUpdate },
    nextUpdate: thisUpdate.add({ hours: wish.hours ?? 24 }),
    revoked: wish.revoked ?? [],
    extensions: [
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(by) }),
      encodeExtension('cRLNumber', BigInt(number)),
      ...(base === undefined ? [] : [encodeExtension('deltaCRLIndicator', BigInt(base))]),
      ...(point === undefined ? [] : [encodeExtension('issuingDistributionPoint', point)]),
      ...more,
    ],
  })
  const signature = await sign(by.pair.privateKey, algorithm, toBeSigned)
  return encodeSigned(toBeSigned, algorithm.identifier, signature)
}

const revoking = (certificate: Certificate, reason?: number): Revocation => ({
  serialNumber: certificate.serialNumber,
  revokedAt: madeNotBefore,
  ...(reason !== undefined && { reason }),
})

function said(
  lists: readonly RevocationList[],
  certificate = pump,
  by = issuer,
): StatusAnswer | Promise<StatusAnswer> {
  return crlSource(() => lists).statusOf({ certificate, issuer: by, at: madeNow })
}

async function kindOf(lists: readonly RevocationList[], certificate = pump, by = issuer) {
  return (await said(lists, certificate, by)).kind
}

test('says revoked since when and why, and good until the next list', async () => {
  const full = await list({ revoked: [revoking(pump, 1)] })
  assert.deepEqual(await said([full]), { kind: 'revoked', since: madeNotBefore, reason: 1 })
  const none = await list()
  assert.deepEqual(await said([none]), { kind: 'good', until: none.crl.nextUpdate })
  const pem = new TextEncoder().encode(encodePem('X509 CRL', none.crl.der))
  assert.equal(await kindOf([readRevocationList(pem)]), 'good')
})

test('no list, one of another issuer, and one that another key signed say nothing', async () => {
  const other = await makeEntity('CN=Issuing')
  assert.equal(await kindOf([]), 'unknown')
  const forged = await list({ by: other, revoked: [revoking(pump)] })
  assert.equal(await kindOf([forged]), 'unknown')
  // A forged list that is newer does not take the place of a genuine one.
  const genuine = await list({ revoked: [revoking(pump)] })
  const newer = await list({ by: other, number: 9 })
  assert.equal(await kindOf([genuine, newer]), 'revoked')
})

test('an issuer that may sign no lists says nothing by them', async () => {
  const usage = encodeExtension('keyUsage', ['keyCertSign'])
  const bare = await certify(issuing, issuing, {
    extensions: [encodeExtension('basicConstraints', { ca: true }), usage],
  })
  assert.equal(await kindOf([await list()], pump, anchored(bare)), 'unknown')
})

test('the newest list of a scope counts: what it no longer names is not revoked', async () => {
  const held = await list({ number: 1, revoked: [revoking(pump, 6)] })
  const released = await list({ number: 2 })
  for (const lists of [
    [held, released],
    [released, held],
  ])
    assert.equal(await kindOf(lists), 'good')
})

test('a list past its end is outdated, but what it says against a certificate counts', async () => {
  const old = { from: madeNow.subtract({ hours: 48 }) }
  assert.equal(await kindOf([await list(old)]), 'outdated')
  assert.equal(await kindOf([await list({ ...old, revoked: [revoking(pump)] })]), 'revoked')
  const ahead = (minutes: number) => ({ from: madeNow.add({ minutes }) })
  assert.equal(await kindOf([await list(ahead(4))]), 'good')
  assert.equal(await kindOf([await list(ahead(6))]), 'outdated')
})

test('a shard speaks only of the certificates that point to it', async () => {
  const here = await leaf(pointing(uri('http://pki/crl/1.crl')))
  const shard = await list({ point: uri('http://pki/crl/1.crl') })
  const other = await list({ point: uri('http://pki/crl/2.crl'), revoked: [revoking(here)] })
  assert.equal(await kindOf([shard, other], here), 'good')
  assert.equal(await kindOf([other], here), 'unknown')
  assert.equal(await kindOf([shard]), 'unknown')
  // The full list speaks of all; of two that speak of one certificate the newer counts.
  const full = { from: madeNow.subtract({ hours: 1 }), number: 7 }
  assert.equal(
    await kindOf([shard, await list({ ...full, revoked: [revoking(here)] })], here),
    'revoked',
  )
  assert.equal(await kindOf([await list(full)], here), 'good')
})

test('a list of users says nothing of authorities, nor the other way round', async () => {
  const authority = await certifyAuthority(await makeEntity('CN=Below'), issuing)
  const users = await list({ point: { onlyContainsUserCerts: true } })
  const authorities = await list({ point: { onlyContainsCACerts: true } })
  const attributes = await list({ point: { onlyContainsAttributeCerts: true } })
  assert.deepEqual([await kindOf([users]), await kindOf([users], authority)], ['good', 'unknown'])
  assert.deepEqual(
    [await kindOf([authorities]), await kindOf([authorities], authority)],
    ['unknown', 'good'],
  )
  assert.equal(await kindOf([attributes]), 'unknown')
})

test('an indirect list, and a point with another issuer of lists, cover nothing', async () => {
  assert.equal(await kindOf([await list({ point: { indirectCRL: true } })]), 'unknown')
  const elsewhere = await leaf(
    pointing({ fullName: [], crlIssuer: [{ kind: 'directory', name: issuing.name }] }),
  )
  const point = { fullName: [{ kind: 'directory', name: issuing.name }] } as const
  // Its issuer's own name is a point of every certificate all the same.
  assert.equal(await kindOf([await list({ point })], elsewhere), 'good')
})

test('lists of some reasons cover a certificate only together', async () => {
  const some = (...onlySomeReasons: readonly ReasonFlagName[]) =>
    list({ point: { onlySomeReasons } })
  const keys = await some('keyCompromise', 'cACompromise')
  const rest = await some(
    ...(['affiliationChanged', 'superseded', 'cessationOfOperation'] as const),
    ...(['certificateHold', 'privilegeWithdrawn', 'aACompromise'] as const),
  )
  assert.equal(await kindOf([keys]), 'unknown')
  assert.equal(await kindOf([keys, rest]), 'good')
})

test('a delta adds, and takes off, what has changed since its list; of a foreign one nothing counts', async () => {
  const [base, revoked] = [await list({ number: 5 }), [revoking(pump, 4)]]
  assert.equal(await kindOf([base, await list({ number: 6, base: 5, revoked })]), 'revoked')
  const held = await list({ number: 5, revoked: [revoking(pump, 6)] })
  const off = { number: 6, base: 5, revoked: [revoking(pump, 8)] }
  assert.equal(await kindOf([held, await list(off)]), 'good')
  // Section 5.2.4: not for an older list, nor one that the delta came before.
  assert.equal(await kindOf([base, await list({ number: 8, base: 6, revoked })]), 'good')
  assert.equal(await kindOf([base, await list({ number: 5, base: 5, revoked })]), 'good')
  const point = { onlyContainsUserCerts: true }
  assert.equal(await kindOf([held, await list({ ...off, point })]), 'revoked')
  assert.equal(
    await kindOf([held, await list({ ...off, by: await makeEntity('CN=X') })]),
    'revoked',
  )
  // Without its complete list a delta says nothing.
  assert.equal(await kindOf([await list(off)]), 'unknown')
})

test('what a delta says against a certificate counts beside a shard that is older', async () => {
  const here = await leaf(pointing(uri('http://pki/crl/1.crl')))
  const shard = await list({
    ...{ point: uri('http://pki/crl/1.crl'), number: 9 },
    from: madeNow.subtract({ hours: 6 }),
  })
  const full = await list({ number: 5 })
  const delta = (certificate: Certificate) =>
    list({
      ...{ number: 6, base: 5, revoked: [revoking(certificate, 1)] },
      from: madeNow.subtract({ hours: 1 }),
    })
  assert.equal(await kindOf([shard, full, await delta(here)], here), 'revoked')
  assert.equal(await kindOf([shard, full, await delta(pump)], here), 'good')
})

test('a delta past its end still counts in what it says against a certificate, and in nothing else', async () => {
  const base = await list({ number: 5, hours: 72 })
  const old = { number: 6, base: 5, hours: 1 }
  assert.equal(
    await kindOf([base, await list({ ...old, revoked: [revoking(pump, 1)] })]),
    'revoked',
  )
  assert.equal(await kindOf([base, await list(old)]), 'good')
  // A newer list that names it no more is the last word.
  const newer = await list({ number: 7 })
  assert.equal(await kindOf([newer, await list({ ...old, revoked: [revoking(pump, 6)] })]), 'good')
})

test('a fresh delta keeps a list young, an old one does not take anything off it', async () => {
  const past = madeNow.subtract({ hours: 48 })
  const old = await list({ number: 5, from: past })
  assert.equal(await kindOf([old, await list({ number: 6, base: 5 })]), 'good')
  const held = await list({ number: 5, from: past, revoked: [revoking(pump, 6)] })
  const off = await list({ number: 6, base: 5, from: past, revoked: [revoking(pump, 8)] })
  assert.equal(await kindOf([held, off]), 'revoked')
})

test('tells where the lists of a certificate are, and no other kind of address', async () => {
  const [one, other] = [uri('http://pki/crl/1.crl'), uri('ldap://pki/cn=crl')]
  assert.deepEqual(listAddresses(await leaf(pointing(one, other))), ['http://pki/crl/1.crl'])
  assert.deepEqual(listAddresses(pump), [])
})

test('a list with a critical extension that nobody knows is not read', async () => {
  const strange = { oid: '1.2.3.4' as never, critical: true, value: Uint8Array.of(5, 0) }
  const bytes = await listBytes({ more: [strange] })
  assert.throws(() => readRevocationList(bytes), { code: 'extension-unknown-critical' })
  assert.throws(() => readRevocationList(new TextEncoder().encode('no list')))
})

const seed = seedOfRun()
test(`finds every serial of a long list, and none besides (FUZZ_SEED=${seed})`, async () => {
  const draw = new Random(seed)
  const serials = Array.from({ length: 5_000 }, () => {
    const serial = draw.bytes(1 + draw.below(20))
    serial[0] = (serial[0]! & 0x7f) | 0x01
    return serial
  })
  const listed = new Map(serials.slice(0, 2_500).map((one) => [one.toHex(), one]))
  const revoked = [...listed.values()].map((serialNumber, index) => ({
    ...{ serialNumber, revokedAt: madeNotBefore.add({ seconds: index }) },
    reason: [0, 1, 4, 6][index % 4]!,
  }))
  const long = await list({ revoked })
  for (const { serialNumber, revokedAt, reason } of revoked)
    assert.deepEqual(long.find(serialNumber), { revokedAt, reason: reason || undefined })
  for (const serial of serials.slice(2_500))
    if (!listed.has(serial.toHex())) assert.equal(long.find(serial), undefined)
})
