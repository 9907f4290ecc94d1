// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import type { IssuedRow } from '#format/issued-list/issued-row.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import { noLists } from '#trust/weak-keys/key-lists.ts'
import {
  authorityExtensions,
  certify,
  certifyAuthority,
  type Entity,
  madeNow,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { addPump, operator, type TestCore, withCore } from '../../../test/support/core.ts'
import { enforcementsAt, newIntegration } from '../../../test/support/enforcement.ts'
import { SoftKeys } from '../../../test/support/soft-keys.ts'
import { readyIssuer } from '../authority/issuer.ts'
import type { KeptKeys } from '../authority/signing-key.ts'
import { trustForeign } from '../authority/trust-foreign.ts'
import { keyWasHere } from '../ledger/authority-origin.ts'
import { newId } from '../ledger/ids.ts'
import type { Authority, Product } from '../ledger/tables.ts'
import { publishCrl } from '../revocation/publish.ts'
import { quarantine, release } from '../revocation/quarantine.ts'
import { type Adoption, adoptAuthority } from './adopt-authority.ts'
import { adoptCertificates } from './adopt-certificates.ts'

const root = await makeEntity('CN=Old Root')
const issuing = await makeEntity('CN=Old Issuing')
const rootCertificate = await certifyAuthority(root)
const issuingCertificate = await certifyAuthority(issuing, root)
const stranger = await makeEntity('CN=Stranger')

const random = systemRandomness

/** Adopts at a moment when what was made is valid. */
async function adopt(core: TestCore, changes: Partial<Adoption> = {}) {
  const asked: Adoption = {
    ...{ name: 'old', certificate: issuingCertificate, above: [rootCertificate] },
    privateKey: encodePrivateKey(issuing.pair.privateKey),
    ...{ mayIssue: false, lastCrlNumber: 41, environment: 'trial' },
    ...changes,
  }
  const clock = { now: () => madeNow }
  return adoptAuthority(asked, operator, { ledger: core.ledger, clock, random, keys: kept(core) })
}

function kept({ means }: TestCore): KeptKeys {
  return means.keys instanceof SoftKeys ? means.keys : assert.fail('keys are not in memory')
}

async function adopted(core: TestCore): Promise<Authority> {
  const done = await adopt(core)
  return done.kind === 'adopted' ? done.authority : assert.fail(done.detail)
}

async function* each(rows: readonly IssuedRow[]) {
  yield* rows
}

async function take(
  core: TestCore,
  authority: Authority,
  product: Product,
  rows: readonly IssuedRow[],
  mostRefused?: number,
) {
  const anchor = anchorOf(issuingCertificate)
  if (anchor.kind === 'refused') assert.fail(anchor.detail)
  const issuer = { certificate: issuingCertificate, publicKey: anchor.anchor.publicKey }
  const clock = { now: () => madeNow }
  const list = {
    ...{ ledger: core.ledger, clock, random, authority, issuer, product },
    ...({ kind: 'working', environment: 'trial' } as const),
    ...(mostRefused !== undefined && { mostRefused }),
  }
  return Array.fromAsync(adoptCertificates(each(rows), list, operator))
}

function row(
  at: number,
  certificate: Certificate,
  revoked?: { at: Temporal.Instant; reason: number },
): IssuedRow & { readonly kind: 'certificate' } {
  const listed = { inForce: revoked === undefined, serialNumber: undefined }
  return { kind: 'certificate', row: at, certificate: certificate.der, revoked, listed }
}

const device = (serial: string): Promise<Entity> => makeEntity(`CN=pump,serialNumber=${serial}`)

test('an authority that does not fit is refused by name, and nothing of it stays', () =>
  withCore(async (core) => {
    const leaf = await certify(await device('P-1'), issuing)
    const noLists = await certify(issuing, root, {
      extensions: [
        ...authorityExtensions(issuing).filter(({ oid }) => oid !== '2.5.29.15'),
        encodeExtension('keyUsage', ['keyCertSign']),
      ],
    })
    const over = await certifyAuthority(issuing, root, [], undefined, {
      notAfter: madeNow.subtract({ hours: 1 }),
    })
    const foreignKey = encodePrivateKey(stranger.pair.privateKey)
    for (const [changes, reason, detail] of [
      [{ certificate: leaf }, 'input-wrong', /basicConstraints do not say CA/],
      [{ certificate: noLists }, 'input-wrong', /keyCertSign and cRLSign are needed/],
      [{ certificate: over }, 'certificate-expired', /chain does not hold/],
      [{ above: [] }, 'signature-wrong', /chain does not hold|./],
      [{ above: [await certifyAuthority(stranger)] }, 'certificate-not-trusted', /chain/],
      [{ privateKey: foreignKey }, 'key-malformed', /not that of the certificate/],
      [{ privateKey: Uint8Array.of(0x30, 0) }, 'key-malformed', /pkcs #8/],
      [{ name: 'issuing-1' }, 'exists-already', /named issuing-1/],
    ] as const) {
      const done = await adopt(core, changes)
      if (done.kind !== 'refused') assert.fail(`${detail} was adopted`)
      assert.match(done.detail, detail)
      if (!('above' in changes && changes.above.length === 0)) assert.equal(done.reason, reason)
    }
    assert.equal(await core.ledger.count('authority', {}), 2)
    await adopted(core)
    const twice = await adopt(core, { name: 'other' })
    assert.equal(twice.kind === 'refused' && twice.reason, 'key-has-another-owner')
  }))

test('a name that says TRIAL is adopted by no production, whatever stands above it', () =>
  withCore(async (core) => {
    const trial = await makeEntity('O=Acme TRIAL,CN=Old Issuing')
    const done = await adopt(core, {
      certificate: await certifyAuthority(trial, root),
      privateKey: encodePrivateKey(trial.pair.privateKey),
      environment: 'production',
    })
    assert.equal(done.kind === 'refused' && done.reason, 'environment-wrong')
  }))

test('a root whose key comes here under another certificate is marked for ever', () =>
  withCore(async (core) => {
    const [made] = core.doors.own.filter(({ kind }) => kind === 'root')
    if (made === undefined) assert.fail('a core has a root')
    const elsewhere: Authority = {
      ...{ ...made, id: newId('authority', core), name: 'never-here', key: null },
      ...{ origin: 'ceremony', keyEverHere: false, certificate: rootCertificate.der },
      certificateSha256: sha256(rootCertificate.der),
    }
    await core.ledger.commit({ puts: [{ kind: 'authority', record: elsewhere }], events: [] })
    const privateKey = encodePrivateKey(root.pair.privateKey)
    const done = await adopt(core, {
      ...{ certificate: await certifyAuthority(root), above: [], privateKey },
    })
    assert.equal(done.kind, 'adopted', JSON.stringify(done))
    const found = await core.ledger.read('authority', elsewhere.id)
    assert.equal(found && keyWasHere(found), true)
    const told = core.events.find(({ type }) => type === 'authority-adopted')
    assert.equal(told?.facts.keyOf, 'never-here')
  }))

test('each refused row is told by its number and reason, and the others stay', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const one = await device('P-1')
    const two = await device('P-2')
    const good = await certify(one, issuing, { serial: 1 })
    const rows = [
      row(2, good),
      row(3, await certify(two, issuing, { serial: 1 })),
      row(4, await certify({ ...two, pair: one.pair }, issuing, { serial: 4 })),
      row(5, await certify(two, stranger)),
      row(6, await certify(two, issuing, { signedBy: stranger.pair.privateKey })),
      row(7, await certify(await makeEntity('O=nobody'), issuing)),
      { ...row(8, good), certificate: Uint8Array.of(0x30, 0) },
      { kind: 'wrong', row: 9, fault: 'said so' },
      row(10, good),
      row(11, await certify(two, issuing, { notAfter: madeNow.subtract({ hours: 1 }) })),
      row(12, await certify(two, issuing)),
    ] as const
    const news = await take(core, authority, product, rows)
    assert.deepEqual(
      news
        .flatMap((one) => (one.kind === 'refused' ? [[one.row, one.refused.reason]] : []))
        .sort((a, b) => Number(a[0]) - Number(b[0])),
      [
        [3, 'exists-already'],
        [4, 'key-has-another-owner'],
        [5, 'certificate-not-trusted'],
        [6, 'signature-wrong'],
        [7, 'input-wrong'],
        [8, 'input-wrong'],
        [9, 'input-wrong'],
      ],
    )
    const counted = {
      rows: 11,
      added: 2,
      revoked: 0,
      devices: 2,
      unchanged: 1,
      expired: 1,
      refused: 7,
    }
    assert.deepEqual(news.at(-1), { kind: 'done', count: counted })
    const found = await core.ledger.find('device', 'serial', [product.id, 'P-1'])
    assert.equal(found?.state, 'active')
    assert.equal(found?.enrolmentsLeft, 0)
  }))

test('revocations come with their times, also without a certificate, and the list goes on', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const at = Temporal.Instant.from('2027-03-01T10:00:00Z')
    const certificate = await certify(await device('P-1'), issuing, { serial: 7 })
    const late = await certify(await device('P-2'), issuing, { serial: 8 })
    const bare = {
      kind: 'revocation',
      row: 3,
      serialNumber: Uint8Array.of(0x33),
      revoked: { at, reason: 4 },
    } as const
    const lateBare = { ...bare, row: 4, serialNumber: late.serialNumber } as const
    const first = await take(core, authority, product, [row(2, certificate), bare, lateBare])
    assert.equal(first.at(-1)?.kind, 'done')
    const [crl] = await publishCrl(readyIssuer(authority), -1, crlPorts(core))
    assert.equal(crl.list.number, 42)
    assert.equal(revokedCount(crl.der), 2)
    const again = await take(core, authority, product, [
      row(2, certificate, { at, reason: 1 }),
      bare,
      row(5, late),
    ])
    const last = again.at(-1)
    assert.deepEqual(last?.kind === 'done' && last.count, {
      ...{ rows: 3, added: 1, revoked: 1, devices: 1, unchanged: 1, expired: 0, refused: 0 },
    })
    const [next] = await publishCrl(readyIssuer(authority), -1, crlPorts(core))
    assert.equal(next.list.number, 43)
    assert.equal(revokedCount(next.der), 3)
  }))

function crlPorts({ ledger, means, clock }: TestCore) {
  return { ledger, keys: means.keys, clock, random, crlUrl: () => 'http://localhost/crl' }
}

function revokedCount(der: Uint8Array): number {
  return parseCrl(der).revokedCount
}

test('what was revoked stays on the list, even where the certificate itself cannot be kept', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const revoked = { at: madeNow.subtract({ hours: 24 }), reason: 1 }
    const nobody = await certify(await makeEntity('O=nobody'), issuing, { serial: 1 })
    const two = await certify(await device('P-2'), issuing, { serial: 2 })
    // ecdsa-with-SHA256 becomes one that nobody here knows, in both places.
    const oldSignature = Uint8Array.fromHex(
      two.der.toHex().replaceAll('06082a8648ce3d040302', '06082a8648ce3d04037f'),
    )
    const first = await certify(await device('P-3'), issuing, { serial: 3 })
    const { pair } = await makeEntity('CN=held twice')
    const holder = await certify({ ...(await device('P-4')), pair }, issuing, { serial: 4 })
    const shared = await certify({ ...(await device('P-5')), pair }, issuing, { serial: 5 })
    const forged = await certify(await device('P-6'), issuing, {
      ...{ serial: 6, signedBy: stranger.pair.privateKey },
    })
    const unreadable = {
      ...row(8, nobody, revoked),
      certificate: Uint8Array.of(0x30, 0),
      listed: { inForce: false, serialNumber: Uint8Array.of(0x77) },
    }
    const news = await take(core, authority, product, [
      row(2, nobody, revoked),
      { ...row(3, two, revoked), certificate: oldSignature },
      row(4, first),
      row(5, holder),
      row(6, shared, revoked),
      row(7, forged, revoked),
      unreadable,
    ])
    assert.deepEqual(
      news.flatMap((one) => (one.kind === 'refused' ? [[one.row, one.refused.reason]] : [])),
      [[7, 'signature-wrong']],
    )
    const last = news.at(-1)
    assert.deepEqual(last?.kind === 'done' && last.count, {
      ...{ rows: 7, added: 2, revoked: 4, devices: 2, unchanged: 0, expired: 0, refused: 1 },
    })
    const [{ der }] = await publishCrl(readyIssuer(authority), -1, crlPorts(core))
    assert.equal(revokedCount(der), 4)
  }))

test('what is over needs neither a key that is sound nor a device, and is no fault', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const notAfter = madeNow.subtract({ hours: 1 })
    const nobody = await certify(await makeEntity('O=nobody'), issuing, { notAfter })
    const news = await take(core, authority, product, [row(2, nobody)])
    const last = news.at(-1)
    assert.equal(last?.kind === 'done' && last.count.expired, 1)
  }))

test('what was believed or held here and is revoked there ends as by an act of ours', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const [one, two] = [
      await certify(await device('P-1'), issuing, { serial: 21 }),
      await certify(await device('P-2'), issuing, { serial: 22 }),
    ]
    await take(core, authority, product, [row(2, one), row(3, two)])
    const holder = await core.ledger.find('device', 'serial', [product.id, 'P-2'])
    const heldBack = await quarantine(holder ?? assert.fail(), 'a test', operator, core)
    // To be told that it is in force there is no reason to give it back here.
    const [same] = await take(core, authority, product, [row(2, two)])
    assert.equal(same?.kind === 'done' && same.count.unchanged, 1)
    const integration = await newIntegration(core)
    const at = madeNow.subtract({ hours: 24 })
    const rows = [row(2, one, { at, reason: 1 }), row(3, two, { at, reason: 4 })]
    const [ended] = await take(core, authority, product, rows)
    assert.equal(ended?.kind === 'done' && ended.count.revoked, 2)
    if (heldBack.kind === 'changed') {
      const now = await core.ledger.read('device', heldBack.device.id)
      await release(now ?? assert.fail(), 'a test', operator, core)
    }
    const records = await Promise.all(
      [one, two].map(({ serialNumber }) =>
        core.ledger.find('certificate', 'serialNumber', [authority.id, serialNumber]),
      ),
    )
    assert.deepEqual(
      records.map((record) => [record?.state, record?.revokedAt?.toString()]),
      [
        ['revoked', at.toString()],
        ['revoked', at.toString()],
      ],
    )
    const key = await core.ledger.read('key', records[0]?.key ?? '')
    assert.equal(key?.state, 'compromised')
    const booked = await enforcementsAt(core, integration)
    assert.deepEqual(
      booked.filter(({ act }) => act === 'end').map(({ revocation }) => revocation),
      [null, records[0]?.revocation],
    )
    assert.equal(records[0]?.revocation, records[1]?.revocation)
    const [again] = await take(core, authority, product, rows)
    assert.equal(again?.kind === 'done' && again.count.unchanged, 2)
  }))

test('what was on hold when it came is revoked for good, and a list that lifts it is told so', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const held = await certify(await device('P-1'), issuing, { serial: 1 })
    const at = madeNow.subtract({ hours: 24 })
    await take(core, authority, product, [row(2, held, { at, reason: 6 })])
    const silent = { ...row(2, held), listed: undefined }
    const [unchanged] = await take(core, authority, product, [silent])
    assert.equal(unchanged?.kind === 'done' && unchanged.count.unchanged, 1)
    const [lifted] = await take(core, authority, product, [row(2, held)])
    assert.equal(lifted?.kind === 'refused' && lifted.refused.reason, 'certificate-revoked')
    assert.match(lifted?.kind === 'refused' ? lifted.refused.detail : '', /on hold/)
  }))

test('an authority that only vouches here so far is not taken over by the way', () =>
  withCore(async (core) => {
    const { ledger } = core
    const trusted = await trustForeign(
      { name: 'maker', certificate: issuingCertificate, products: [], environment: 'trial' },
      operator,
      { ledger, clock: { now: () => madeNow }, random, keyLists: noLists },
    )
    assert.equal(trusted.kind, 'trusted')
    const done = await adopt(core)
    assert.equal(done.kind === 'refused' && done.reason, 'exists-already')
    assert.match(done.kind === 'refused' ? done.detail : '', /stands here as maker/)
  }))

test('a list of the wrong authority stops after a thousand refusals, or as many as were allowed', () =>
  withCore(async (core) => {
    const authority = await adopted(core)
    const product = await addPump(core)
    const rows = Array.from(
      { length: 1500 },
      (_, at): IssuedRow => ({ kind: 'wrong', row: at + 2, fault: 'wrong' }),
    )
    const news = await take(core, authority, product, rows)
    const last = news.at(-1)
    assert.equal(last?.kind, 'stopped')
    assert.match(last?.kind === 'stopped' ? last.refused.detail : '', /1000 rows were refused/)
    const whole = await take(core, authority, product, rows, 1501)
    assert.equal(whole.at(-1)?.kind, 'done')
  }))
