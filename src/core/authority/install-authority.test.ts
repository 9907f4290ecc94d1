// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Certificate,
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
} from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { type Extension, encodeExtension, readExtension } from '#format/x509/extension.ts'
import { formatName, type Name } from '#format/x509/name.ts'
import { readyProfile } from '#house/foundation.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { provePossession } from '#trust/possession.ts'
import { generateKey } from '#trust/private-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import {
  authorityExtensions,
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  makeEntity,
  type Wish,
} from '../../../test/made-certificates.ts'
import { listBy } from '../../../test/made-lists.ts'
import {
  addPump,
  ask,
  expectDevice,
  issuedOf,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { keyWasHere } from '../ledger/authority-origin.ts'
import { bringCrl } from '../revocation/bring-crl.ts'
import { fullCrl } from '../revocation/publish.ts'
import { installAuthority } from './install-authority.ts'
import { type AuthorityWish, requestAuthority, withdrawRequest } from './request-authority.ts'

const root = await makeEntity('CN=Corporate Root', 'p-384')
const middle = await makeEntity('CN=Corporate Policy CA', 'p-384')
const stranger = await makeEntity('CN=Stranger', 'p-384')

/** The clock of a test core stands in May 2026. */
const span: Wish = {
  notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
  notAfter: Temporal.Instant.from('2046-01-01T00:00:00Z'),
}
const rootCertificate = await certifyAuthority(root, root, [], undefined, span)

const wish: AuthorityWish = {
  ...{ name: 'issuing-2', algorithm: 'p-256', maker: 'Acme', twin: null, custody: undefined },
  ...{ environment: 'trial', profile: readyProfile('issuing') },
}

async function requested(core: TestCore, changes: Partial<AuthorityWish> = {}) {
  const done = await requestAuthority({ ...wish, ...changes }, operator, core)
  return done.kind === 'requested' ? done.request : assert.fail(done.detail)
}

/** What a corporate authority makes of a request: its own serial, the subject as asked. */
async function signed(
  request: Uint8Array,
  issuer: Entity = root,
  changes: { extensions?: readonly Extension[]; subject?: Name; wish?: Wish } = {},
): Promise<Certificate> {
  const { subject, publicKey } = parseCertificationRequest(request)
  const key = importPublicKey(publicKey)
  if ('kind' in key) assert.fail(key.detail)
  const entity = { name: changes.subject ?? subject, pair: { publicKey: key } } as Entity
  const extensions = changes.extensions ?? [
    ...authorityExtensions(entity, 0),
    encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(issuer) }),
  ]
  return certify(entity, issuer, { extensions, ...span, serial: 0x7f001122, ...changes.wish })
}

async function installed(core: TestCore, chain: readonly Certificate[], name = 'issuing-2') {
  const asked = { name, chain, rootName: undefined, environment: 'trial' as const }
  return installAuthority(asked, operator, core)
}

test('a request is signed by a new key, asks for an authority, and is given again while it waits', () =>
  withCore(async (core) => {
    const first = await requested(core)
    const request = parseCertificationRequest(first.request)
    assert.equal((await provePossession(request)).kind, 'proved')
    assert.match(formatName(request.subject), /O=Acme/)
    const wanted = request.requestedExtensions
    assert.deepEqual(readExtension(wanted, 'basicConstraints'), { ca: true, pathLength: 0 })
    assert.deepEqual(readExtension(wanted, 'keyUsage'), ['keyCertSign', 'cRLSign'])
    assert.deepEqual((await requested(core)).request, first.request)
    const other = await requestAuthority({ ...wish, algorithm: 'p-384' }, operator, core)
    assert.equal(reasonOf(other), 'exists-already')
    assert.equal(
      reasonOf(await requestAuthority({ ...wish, name: 'root' }, operator, core)),
      'exists-already',
    )
    const key = await core.ledger.read('key', first.key)
    assert.deepEqual([key?.owner, key?.purpose], [first.authority, 'issuing'])
  }))

test('a request that was withdrawn certifies nothing, and frees its name', () =>
  withCore(async (core) => {
    const first = await requested(core)
    assert.equal((await withdrawRequest('issuing-2', operator, core)).kind, 'requested')
    assert.equal(reasonOf(await withdrawRequest('issuing-2', operator, core)), 'not-found')
    assert.equal((await core.ledger.read('key', first.key))?.state, 'retired')
    const chain = [await signed(first.request), rootCertificate]
    assert.equal(reasonOf(await installed(core, chain)), 'not-found')
    const second = await requested(core)
    assert.notDeepEqual(second.request, first.request)
    assert.equal(reasonOf(await installed(core, chain)), 'key-not-requested')
  }))

test('an authority under a foreign root issues, and its root stands there without a key', () =>
  withCore(async (core) => {
    const { request } = await requested(core)
    const policy = await certifyAuthority(
      middle,
      root,
      [encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(root) })],
      1,
      span,
    )
    const own = await signed(request, middle)
    const done = await installed(core, [own, policy, rootCertificate])
    if (done.kind !== 'installed') assert.fail(done.detail)
    assert.deepEqual(
      [done.root.kind, done.root.key, done.root.name],
      ['root', null, 'issuing-2-root'],
    )
    assert.equal(keyWasHere(done.root), false)
    assert.deepEqual([done.authority.kind, done.authority.origin], ['issuing', 'installed'])
    // The newest issuing authority of the house is this one, and a new product's door leads to it.
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const issued = issuedOf(await ask(core, credential, await generateKey('p-256')))
    assert.equal(formatName(parseCertificate(issued.certificate).issuer), formatName(own.subject))
    const above = core.doors.above(done.authority).map(({ name }) => name)
    assert.deepEqual(above, ['issuing-2-above-1', 'issuing-2-root'])
    assert.deepEqual(core.troubles, [])
    // What was installed is in inventory and log as everything else.
    const certificate = await core.ledger.find('certificate', 'sha256', [
      done.authority.certificateSha256,
    ])
    assert.equal(certificate?.owner, done.authority.id)
    assert.equal(reasonOf(await installed(core, [own, policy, rootCertificate])), 'exists-already')
  }))

test('a second authority under the same root shares its record', () =>
  withCore(async (core) => {
    const roots: string[] = []
    for (const name of ['issuing-2', 'issuing-3']) {
      const { request } = await requested(core, { name })
      const serial = name === 'issuing-2' ? 0x7f001122 : 0x7f001123
      const own = await signed(request, root, { wish: { serial } })
      const done = await installed(core, [own, rootCertificate], name)
      if (done.kind !== 'installed') assert.fail(done.detail)
      roots.push(done.root.id)
    }
    assert.equal(roots[0], roots[1])
  }))

test('a twin stands beside the authority that its request named, and its root beside that root', () =>
  withCore(async (core) => {
    const first = await requested(core)
    const twin = await requested(core, {
      ...{ name: 'issuing-2-twin', algorithm: 'ml-dsa-65', twin: first.authority },
    })
    const twinRoot = await makeEntity('CN=Corporate Root PQ', 'ml-dsa-87')
    const twinRootCertificate = await certifyAuthority(twinRoot, twinRoot, [], undefined, span)
    const twinChain = [await signed(twin.request, twinRoot), twinRootCertificate]
    assert.equal(reasonOf(await installed(core, twinChain, 'issuing-2-twin')), 'not-found')
    const done = await installed(core, [await signed(first.request), rootCertificate])
    const beside = await installed(core, twinChain, 'issuing-2-twin')
    if (done.kind !== 'installed' || beside.kind !== 'installed') assert.fail('not installed')
    assert.equal(beside.authority.twin, done.authority.id)
    assert.equal(beside.root.twin, done.root.id)
  }))

test('what came back wrong is refused by name, and nothing of it stays', () =>
  withCore(async (core) => {
    const { request } = await requested(core)
    const good = await signed(request)
    const strangers = await certifyAuthority(stranger, stranger, [], undefined, span)
    const narrow = await certifyAuthority(root, root, [], 0, span)
    const trialRoot = await makeEntity('O=Acme TEST,CN=Root', 'p-384')
    const trialCertificate = await certifyAuthority(trialRoot, trialRoot, [], undefined, span)
    const underTrial = await signed(request, trialRoot)
    const keyOf = parseCertificationRequest(request)
    const publicKey = importPublicKey(keyOf.publicKey)
    if ('kind' in publicKey) assert.fail(publicKey.detail)
    const own = { name: keyOf.subject, pair: { publicKey } } as Entity
    const usual = authorityExtensions(own, 0)
    const identifier = encodeExtension('authorityKeyIdentifier', {
      keyIdentifier: keyIdentifierOf(root),
    })
    const leaf = await signed(request, root, { extensions: [identifier] })
    const noLists = await signed(request, root, {
      extensions: [
        ...usual.filter(({ oid }) => oid !== '2.5.29.15'),
        ...[identifier, encodeExtension('keyUsage', ['keyCertSign'])],
      ],
    })
    const unlinted = await signed(request, root, { extensions: usual })
    const over = await signed(request, root, {
      wish: { notAfter: Temporal.Instant.from('2026-02-01T00:00:00Z') },
    })
    const forged = await signed(request, root, { wish: { signedBy: stranger.pair.privateKey } })
    const otherKey = await certifyAuthority(stranger, root, [identifier], 0, span)
    for (const [chain, reason, detail] of [
      [[], 'input-wrong', /chain is needed/],
      [[good], 'input-wrong', /up to the root/],
      [[good, strangers], 'certificate-not-trusted', /chain does not hold/],
      [[good, good], 'certificate-not-trusted', /is no root/],
      [[leaf, rootCertificate], 'input-wrong', /basicConstraints do not say CA/],
      [[noLists, rootCertificate], 'input-wrong', /keyCertSign and cRLSign are needed/],
      [[over, rootCertificate], 'certificate-expired', /chain does not hold/],
      [[forged, rootCertificate], 'signature-wrong', /chain does not hold/],
      [[good, narrow], 'path-too-long', /allows 0 authorities below it, 1 are there/],
      [[unlinted, rootCertificate], 'lint-failed', /authority-key-identifier-present/],
      [[otherKey, rootCertificate], 'key-not-requested', /another key/],
    ] as const) {
      const done = await installed(core, chain)
      if (done.kind !== 'refused') assert.fail(`${detail} was installed`)
      assert.deepEqual([done.reason, detail.test(done.detail)], [reason, true], done.detail)
    }
    const production = await installAuthority(
      {
        ...{ name: 'issuing-2', chain: [underTrial, trialCertificate], rootName: undefined },
        environment: 'production',
      },
      operator,
      core,
    )
    assert.equal(reasonOf(production), 'environment-wrong')
    assert.equal(await core.ledger.count('authority', {}), 2)
    assert.equal((await installed(core, [good, rootCertificate])).kind, 'installed')
  }))

test('a root whose key this ledger knew is marked, under whichever certificate it comes', () =>
  withCore(async (core) => {
    const here = core.doors.own.find(({ kind }) => kind === 'root') ?? assert.fail()
    assert.equal(keyWasHere(here), true)
    const key = await core.ledger.read('key', here.key ?? '')
    const read = parseCertificate(here.certificate)
    const publicKey = importPublicKey(read.publicKey)
    if ('kind' in publicKey || core.means.keys === undefined) assert.fail()
    const { request } = await requested(core)
    // The root that was made here certifies itself anew, as if its directory had been carried away.
    const algorithm = signatureAlgorithmFor('p-384')
    const signBy = async (toBeSigned: Uint8Array) =>
      encodeSigned(
        toBeSigned,
        algorithm.identifier,
        await core.keys.sign(key?.id ?? '', toBeSigned),
      )
    const entity = { name: read.subject, pair: { publicKey } } as Entity
    const common = { signatureAlgorithm: algorithm.identifier, issuer: read.subject }
    const times = {
      notBefore: span.notBefore ?? assert.fail(),
      notAfter: span.notAfter ?? assert.fail(),
    }
    const again = await signBy(
      encodeTbsCertificate({
        ...{ ...common, ...times, serialNumber: Uint8Array.of(0x41, 1, 2, 3, 4, 5, 6, 7, 8) },
        ...{ subject: read.subject, publicKey: publicKey.spki },
        extensions: authorityExtensions(entity, 1),
      }),
    )
    const asked = parseCertificationRequest(request)
    const askedKey = importPublicKey(asked.publicKey)
    if ('kind' in askedKey) assert.fail()
    const own = await signBy(
      encodeTbsCertificate({
        ...{ ...common, ...times, serialNumber: Uint8Array.of(0x41, 1, 2, 3, 4, 5, 6, 7, 9) },
        ...{ subject: asked.subject, publicKey: askedKey.spki },
        extensions: [
          ...authorityExtensions(
            { name: asked.subject, pair: { publicKey: askedKey } } as Entity,
            0,
          ),
          encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(entity) }),
        ],
      }),
    )
    const done = await installed(
      core,
      [own, again].map((der) => parseCertificate(der)),
    )
    if (done.kind !== 'installed') assert.fail(done.detail)
    assert.deepEqual([done.root.key, keyWasHere(done.root)], [null, true])
  }))

test('a list that was brought is served, and what it lists is revoked here', () =>
  withCore(async (core) => {
    const { request } = await requested(core)
    const own = await signed(request)
    const done = await installed(core, [own, rootCertificate])
    if (done.kind !== 'installed') assert.fail(done.detail)
    const name = done.root.name
    assert.equal(await core.shelf.read(name, fullCrl), undefined)
    const first = await listBy(root, 7)
    assert.equal((await bringCrl(first, done.root, operator, core)).kind, 'brought')
    assert.deepEqual((await core.shelf.read(name, fullCrl))?.der, first)
    assert.equal(await core.shelf.read(name, 0), undefined)
    assert.equal((await bringCrl(first, done.root, operator, core)).kind, 'unchanged')
    const revokedAt = Temporal.Instant.from('2026-04-29T00:00:00Z')
    const entry = { serialNumber: own.serialNumber, revokedAt, reason: 4 }
    const second = await listBy(root, 8, [entry])
    const brought = await bringCrl(second, done.root, operator, core)
    assert.deepEqual([brought.kind, brought.kind === 'brought' && brought.revoked], ['brought', 1])
    assert.deepEqual((await core.shelf.read(name, fullCrl))?.der, second)
    const stopped = await core.ledger.read('authority', done.authority.id)
    assert.equal(stopped?.state, 'issuing-stopped')
    assert.deepEqual(core.troubles, [])
    // A newer list that forgets it is served, since its key is elsewhere, and told.
    assert.equal((await bringCrl(await listBy(root, 9), done.root, operator, core)).kind, 'brought')
    await core.shelf.read(name, fullCrl)
    assert.match(core.shelf.troubles.join(), /list 9 of issuing-2-root lacks 1 of its certificates/)
  }))

test('a list that is not the whole, newest and genuine one is refused by name', () =>
  withCore(async (core) => {
    const { request } = await requested(core)
    const done = await installed(core, [await signed(request), rootCertificate])
    if (done.kind !== 'installed') assert.fail(done.detail)
    await bringCrl(await listBy(root, 7), done.root, operator, core)
    const fullName = [{ kind: 'uri', value: 'http://pki.test/1.crl' }] as const
    const part = [encodeExtension('issuingDistributionPoint', { fullName })]
    const own = core.doors.own.find(({ kind, key }) => kind === 'root' && key !== null)
    for (const [der, authority, reason] of [
      [Uint8Array.of(0x30, 0), done.root, 'input-wrong'],
      [await listBy(root, 7, [], { until: '2027-05-01T00:00:00Z' }), done.root, 'crl-outdated'],
      [await listBy(root, 6), done.root, 'crl-outdated'],
      [await listBy(root, 8, [], { until: '2026-04-30T01:00:00Z' }), done.root, 'crl-outdated'],
      [await listBy(root, 8, [], { extensions: part }), done.root, 'input-wrong'],
      [await listBy(root, 8, [], { signedBy: stranger }), done.root, 'signature-wrong'],
      [await listBy(stranger, 8), done.root, 'certificate-not-trusted'],
      [await listBy(root, 8), own ?? assert.fail(), 'not-permitted'],
    ] as const) {
      assert.equal(reasonOf(await bringCrl(der, authority, operator, core)), reason)
    }
    assert.equal((await core.shelf.read(done.root.name, fullCrl))?.number, 7)
  }))
