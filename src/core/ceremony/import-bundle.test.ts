// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeBundle, parseBundle } from '#format/ceremony/bundle.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readyProfile } from '#house/foundation.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  bundleBytes,
  foundRoots,
  heldOf,
  openingScript,
  type SittingPlace,
  scriptFile,
  sit,
  sittingPlace,
} from '../../../test/support/ceremony.ts'
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
import { requestAuthority } from '../authority/request-authority.ts'
import { keyWasHere } from '../ledger/authority-origin.ts'
import { fullCrl } from '../revocation/publish.ts'
import { type ImportTarget, importBundle } from './import-bundle.ts'
import { verifyBundle } from './verify-bundle.ts'

const target: ImportTarget = { environment: 'trial', publicUrl: 'http://pki.test' }

/** The clock of a test core stands in May 2026; what is made here is made then, too. */
function clockOf(core: TestCore) {
  return { clock: { now: () => core.clock.now() } }
}

/** A core that asked for an authority and its twin, and the ceremony that answered. */
async function ceremonyFor(core: TestCore, names = ['ceremonial', 'ceremonial-twin']) {
  const place = await sittingPlace()
  await sendRequests(core, place, names)
  const script = scriptFile(
    place,
    {
      ...{ environment: 'trial', requests: ['issuing-1.csr', 'issuing-1-twin.csr'] },
    },
    (document) => renameRoots(document),
  )
  const held = heldOf(await sit(place, script, undefined, clockOf(core)))
  return { place, held, bytes: bundleBytes(held) }
}

/** The test core has roots of the usual names already. */
// biome-ignore lint/suspicious/noExplicitAny: a script that is edited
function renameRoots(document: any) {
  const renamed = (name: string) => name.replace(/^root/, 'vault-root')
  for (const root of document.roots) {
    root.name = renamed(root.name)
    if (root.twinOf !== undefined) root.twinOf = renamed(root.twinOf)
  }
  for (const one of [...document.issue, ...document.lists]) one.root = renamed(one.root)
}

async function sendRequests(core: TestCore, place: SittingPlace, [name = '', twin = '']: string[]) {
  const common = { maker: 'Acme TRIAL', custody: undefined, environment: 'trial' } as const
  const profile = readyProfile('issuing')
  const first = await requestAuthority(
    { ...common, profile, name, algorithm: 'p-256', twin: null },
    operator,
    core,
  )
  if (first.kind === 'refused') assert.fail(first.detail)
  const beside = first.request.authority
  const second = await requestAuthority(
    { ...common, profile, name: twin, algorithm: 'ml-dsa-65', twin: beside },
    operator,
    core,
  )
  if (second.kind === 'refused') assert.fail(second.detail)
  for (const [file, { request }] of [
    ['issuing-1.csr', first.request],
    ['issuing-1-twin.csr', second.request],
  ] as const) {
    writeFileSync(join(place.directory, file), encodePem('CERTIFICATE REQUEST', request))
  }
}

test('an import brings roots without keys, authorities that issue, and lists, all at once', () =>
  withCore(async (core) => {
    const { bytes } = await ceremonyFor(core)
    const done = await importBundle(bytes, target, operator, core)
    if (done.kind === 'refused') assert.fail(done.detail)
    assert.deepEqual(
      done.roots.map(({ name, key, origin }) => [name, key, origin]),
      [
        ['vault-root', null, 'ceremony'],
        ['vault-root-twin', null, 'ceremony'],
      ],
    )
    assert.ok(done.roots.every((root) => !keyWasHere(root)))
    assert.equal(done.roots[1]?.twin, done.roots[0]?.id)
    const [own, twin] = done.authorities
    assert.deepEqual(
      [own?.name, twin?.name, twin?.twin],
      ['ceremonial', 'ceremonial-twin', own?.id],
    )
    assert.deepEqual([done.others, done.lists, done.links], [0, 2, 0])
    assert.equal((await core.shelf.read('vault-root', fullCrl))?.number, 1)
    // Devices of a new product come to the authority whose root was never here.
    const { credential } = await expectDevice(core, await addPump(core), 'A')
    const issued = issuedOf(await ask(core, credential, await generateKey('p-256')))
    const ownCertificate = parseCertificate(own?.certificate ?? new Uint8Array())
    const leaf = parseCertificate(issued.certificate)
    assert.deepEqual(leaf.issuer.der, ownCertificate.subject.der)
    assert.deepEqual(core.troubles, [])
    const told = core.events.find(({ type }) => type === 'ceremony-imported')
    assert.equal(told?.facts.act, 1)
  }))

test('a bundle that was imported changes nothing when it comes again', () =>
  withCore(async (core) => {
    const { bytes } = await ceremonyFor(core)
    await importBundle(bytes, target, operator, core)
    const before = core.events.length
    const again = await importBundle(bytes, target, operator, core)
    assert.equal(again.kind === 'imported' && again.changed, false)
    assert.equal(core.events.length, before)
  }))

test('what does not fit is refused by name, with an event, and nothing of it stays', () =>
  withCore(async (core) => {
    const { bytes } = await ceremonyFor(core)
    const bundle = parseBundle(bytes)
    const [signature, ...others] = bundle.signatures
    const swapped = [...others, ...(signature ? [signature] : [])].map(({ root }, at) => ({
      root,
      signature: bundle.signatures[at]?.signature ?? new Uint8Array(),
    }))
    const withoutTranscript = bundle.parts.filter(({ name }) => name !== 'transcript')
    const rehearsed = await sittingPlace()
    const rehearsal = await foundRoots(rehearsed, { rehearsal: true, ...clockOf(core) })
    const production = { environment: 'production', publicUrl: 'http://pki.test' } as const
    const elsewhere = { environment: 'trial', publicUrl: 'http://other.test' } as const
    const sound = await verifyBundle(bytes)
    assert.equal(sound.kind, 'sound')
    for (const [what, where, reason] of [
      [bytes.with(100, 0x21), target, 'bundle-changed'],
      [encodeBundle({ ...bundle, signatures: swapped }), target, 'bundle-changed'],
      [encodeBundle({ ...bundle, parts: withoutTranscript }), target, 'bundle-changed'],
      [bytes, production, 'environment-wrong'],
      [bytes, elsewhere, 'environment-wrong'],
      [bundleBytes(rehearsal), production, 'environment-wrong'],
    ] as const) {
      const done = await importBundle(what, where, operator, core)
      assert.equal(reasonOf(done), reason)
      const told = core.events.at(-1)
      assert.deepEqual([told?.type, told?.facts.reason], ['ceremony-refused', reason])
    }
    assert.equal(await core.ledger.count('ceremony', {}), 0)
    assert.equal(await core.ledger.count('authority', {}), 2)
  }))

test('acts are taken in their order, each once, and each only after the one that it names', () =>
  withCore(async (core) => {
    const { place, bytes } = await ceremonyFor(core)
    const fork = await sittingPlace()
    for (const part of ['vault', 'out'])
      cpSync(join(place.directory, part), join(fork.directory, part), { recursive: true })
    const opening = (where: SittingPlace) =>
      sit(
        where,
        openingScript(where, (document) => {
          document.environment = 'trial'
          renameRoots(document)
        }),
        undefined,
        clockOf(core),
      )
    const second = bundleBytes(heldOf(await opening(place)))
    const third = bundleBytes(heldOf(await opening(place)))
    const otherSecond = bundleBytes(heldOf(await opening(fork)))
    const take = (one: Uint8Array) => importBundle(one, target, operator, core)
    assert.equal(reasonOf(await take(second)), 'ceremony-out-of-order')
    assert.equal((await take(bytes)).kind, 'imported')
    assert.equal(reasonOf(await take(third)), 'ceremony-out-of-order')
    assert.equal((await take(otherSecond)).kind, 'imported')
    // The vault has another history than the one that was imported.
    assert.equal(reasonOf(await take(second)), 'ceremony-out-of-order')
    assert.equal(reasonOf(await take(third)), 'ceremony-out-of-order')
    assert.equal((await core.shelf.read('vault-root', fullCrl))?.number, 2)
  }))

test('one ceremony serves several servers: each takes the answers to its own requests', () =>
  withCore(async (core) => {
    const place = await sittingPlace()
    await foundRoots(place)
    const script = scriptFile(place, { environment: 'trial' }, (document) => renameRoots(document))
    const other = await sittingPlace()
    cpSync(place.directory, other.directory, { recursive: true })
    const held = heldOf(
      await sit(
        { ...other, vault: `${other.vault}-2`, out: `${other.out}-2` },
        script,
        undefined,
        clockOf(core),
      ),
    )
    const done = await importBundle(bundleBytes(held), target, operator, core)
    if (done.kind === 'refused') assert.fail(done.detail)
    assert.deepEqual([done.authorities.length, done.others, done.roots.length], [0, 2, 2])
  }))

test('a root of a name that is taken here is refused', () =>
  withCore(async (core) => {
    const place = await sittingPlace()
    await sendRequests(core, place, ['ceremonial', 'ceremonial-twin'])
    const script = scriptFile(place, { environment: 'trial' })
    const held = heldOf(await sit(place, script, undefined, clockOf(core)))
    const done = await importBundle(bundleBytes(held), target, operator, core)
    assert.equal(reasonOf(done), 'exists-already')
  }))
