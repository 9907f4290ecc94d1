// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readVault, writeVault } from '#edge/ceremony/vault-files.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { encodeBundle, parseBundle } from '#format/ceremony/bundle.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readyProfile } from '#house/foundation.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  type Answering,
  bundleBytes,
  foundRoots,
  heldOf,
  openingScript,
  requestFile,
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
import type { VaultState } from './vault.ts'
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
function renameRoots(document: any, to = 'vault-root') {
  const renamed = (name: string) => name.replace(/^root/, to)
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

/** Chance whose draws are known afterwards; the first one, the number of a vault, may be chosen. */
function knownChance(vault?: string) {
  const draws: Uint8Array[] = []
  const bytes = (length: number) => {
    const drawn = systemRandomness.bytes(length)
    draws.push(drawn.slice())
    return draws.length === 1 && vault !== undefined ? Uint8Array.fromHex(vault) : drawn
  }
  return { draws, random: { bytes } }
}

/** Writes what a vault knows of itself anew, as who has enough shares could. */
async function rewriteVault(
  { vault }: SittingPlace,
  { draws }: ReturnType<typeof knownChance>,
  changes: Partial<VaultState>,
): Promise<void> {
  const read = await readVault(vault)
  if (read?.kind !== 'vault') assert.fail()
  const secret = draws.find((one) => one.length === 32 && read.isSealedBy(1, one))
  if (secret === undefined) assert.fail('the secret was drawn')
  await writeVault(vault, { ...read.state, ...changes }, new Map([[1, secret]]))
}

/** A vault that calls itself another one, and goes on from its last act, below roots of its own. */
async function forgedSecondAct(core: TestCore, genuine: Uint8Array): Promise<Uint8Array> {
  const sound = await verifyBundle(genuine)
  if (sound.kind === 'refused') assert.fail(sound.detail)
  const { vault, transcriptSha256 } = sound.manifest
  const place = await sittingPlace()
  await requestFile(place, 'issuing-1.csr', 'p-256')
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
  const chance = knownChance(vault)
  const trial = { environment: 'trial' } as const
  const renamed = (document: unknown) => renameRoots(document, 'other-root')
  const more = { ...clockOf(core), random: chance.random }
  heldOf(await sit(place, scriptFile(place, trial, renamed), undefined, more))
  await rewriteVault(place, chance, { transcriptSha256 })
  const open = scriptFile(place, { ...trial, act: 'open', requests: [] }, renamed)
  return bundleBytes(heldOf(await sit(place, open, undefined, clockOf(core))))
}

test('an act that the roots of the act before did not sign is refused, whatever vault it names', () =>
  withCore(async (core) => {
    const { place, bytes } = await ceremonyFor(core)
    const forged = await forgedSecondAct(core, bytes)
    assert.equal((await verifyBundle(forged)).kind, 'sound')
    assert.equal((await importBundle(bytes, target, operator, core)).kind, 'imported')
    const taken = await importBundle(forged, target, operator, core)
    assert.equal(reasonOf(taken), 'signature-wrong')
    assert.equal(await core.ledger.find('authority', 'name', ['other-root']), undefined)
    // The act that happened still comes after it.
    const script = openingScript(place, (document) => {
      document.environment = 'trial'
      renameRoots(document)
    })
    const second = bundleBytes(heldOf(await sit(place, script, undefined, clockOf(core))))
    assert.equal((await importBundle(second, target, operator, core)).kind, 'imported')
  }))

test('a rehearsal whose vault was rewritten to say production is told by its names', () =>
  withCore(async (core) => {
    const place = await sittingPlace()
    const chance = knownChance()
    await foundRoots(place, { rehearsal: true, ...clockOf(core), random: chance.random })
    await rewriteVault(place, chance, { rehearsal: false, environment: 'production' })
    const script = scriptFile(place, { act: 'open', environment: 'production', requests: [] })
    const held = heldOf(await sit(place, script, undefined, clockOf(core)))
    const bytes = bundleBytes(held)
    assert.equal((await verifyBundle(bytes)).kind, 'sound')
    const production = { environment: 'production', publicUrl: 'http://pki.test' } as const
    const done = await importBundle(bytes, production, operator, core)
    assert.equal(reasonOf(done), 'environment-wrong')
    assert.match(done.kind === 'refused' ? done.detail : '', /says REHEARSAL/)
  }))

test('links of two vaults lead devices as soon as both roots are here, whichever comes first', () =>
  withCore(async (core) => {
    const { place, bytes } = await ceremonyFor(core)
    const [oldRoot] = (await soundOf(bytes)).roots
    const next = await sittingPlace()
    writeFileSync(join(next.directory, 'old.pem'), pemOf(oldRoot))
    // biome-ignore lint/suspicious/noExplicitAny: a script that is edited
    const linking = (root: string, certificate: string, to: string) => (document: any) => {
      document.environment = 'trial'
      renameRoots(document, to)
      document.links = [{ root, certificate }]
      document.steps.splice(-2, 0, {
        ...{ step: 'links', words: 'the other root is compared' },
        confirmedBy: ['administrator', 'witness'],
      })
    }
    const later = { clock: { now: () => core.clock.now().add({ seconds: 5 }) } }
    const script = scriptFile(
      next,
      { environment: 'trial', requests: [] },
      linking('next-root', 'old.pem', 'next-root'),
    )
    const founded = bundleBytes(heldOf(await sit(next, script, undefined, later)))
    const [newRoot] = (await soundOf(founded)).roots
    writeFileSync(join(place.directory, 'new.pem'), pemOf(newRoot))
    const open = openingScript(place, linking('vault-root', 'new.pem', 'vault-root'))
    const opened = bundleBytes(heldOf(await sit(place, open, undefined, later)))
    core.clock.pass({ minutes: 1 })

    const take = async (one: Uint8Array) => {
      const done = await importBundle(one, target, operator, core)
      return done.kind === 'imported' ? done : assert.fail(done.detail)
    }
    await take(bytes)
    const early = await take(opened)
    assert.deepEqual([early.links, early.linksLeft], [0, 1])
    const last = await take(founded)
    assert.deepEqual([last.links, last.linksLeft], [2, 0])
    const before = await core.ledger.find('authority', 'name', ['vault-root'])
    const root = await core.ledger.find('authority', 'name', ['next-root'])
    assert.equal(before?.successor, root?.id)
    assert.deepEqual(
      (await core.ledger.list('rootLink', { limit: 10 })).items
        .map(({ certified, signer }) => [certified, signer])
        .toSorted(),
      [
        [before?.id, root?.id],
        [root?.id, before?.id],
      ].toSorted(),
    )
    assert.equal(core.events.filter(({ type }) => type === 'root-linked').length, 2)
    assert.equal(core.events.filter(({ type }) => type === 'root-followed').length, 1)
  }))

test('what was refused in a ceremony, and what was stopped before it, is an event of the import', () =>
  withCore(async (core) => {
    const { place, bytes } = await ceremonyFor(core)
    const script = openingScript(place, (document) => {
      document.environment = 'trial'
      document.people.splice(3, 0, { role: 'custodian', name: 'Custodian 3' })
      renameRoots(document)
    })
    const open = (answering: Answering) => sit(place, script, answering, clockOf(core))
    const wrong = (...names: string[]) =>
      open((who, what) =>
        names.includes(who.name) && what === 'passphrase of your share' ? 'not mine' : undefined,
      )
    assert.equal((await wrong('Custodian 1', 'Custodian 2')).outcome.kind, 'refused')
    const second = bundleBytes(heldOf(await wrong('Custodian 1')))
    for (const one of [bytes, second]) await importBundle(one, target, operator, core)
    const told = core.events.filter(({ type }) => type === 'ceremony-incident')
    assert.deepEqual(
      told.map(({ facts }) => [facts.what, facts.reason, facts.by]),
      [
        ['refused', 'share-wrong', 'Custodian 1 (custodian)'],
        ['refused', 'share-wrong', 'Custodian 2 (custodian)'],
        ['stopped', 'shares-too-few', ''],
        ['refused', 'share-wrong', 'Custodian 1 (custodian)'],
      ],
    )
    assert.ok(told.every(({ facts }) => facts.act === 2 && facts.step === 'unlock'))
  }))

async function soundOf(bytes: Uint8Array) {
  const sound = await verifyBundle(bytes)
  return sound.kind === 'sound' ? sound : assert.fail(sound.detail)
}

function pemOf(root: { readonly certificate: { readonly der: Uint8Array } } | undefined): string {
  return encodePem('CERTIFICATE', root?.certificate.der ?? assert.fail('a bundle has a root'))
}
