// SPDX-License-Identifier: Apache-2.0
/** What becomes of a release of which digests were signed, when keys end. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { sha256 } from '#trust/digest.ts'
import {
  addPump,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../../../test/support/core.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import type { ArtefactKey, Product, Release, ReleasePart } from '../ledger/tables.ts'
import { attachPart, detachPart, type NewPart } from '../releases/attach.ts'
import { editRelease } from '../releases/edit.ts'
import { markApproved } from '../releases/mark.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { submitRelease } from '../releases/submit.ts'
import { endOf } from './artefact-key.ts'
import { moveKey } from './end-key.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'
import { signDigest } from './sign-digest.ts'
import { type ReleaseSigningPorts, signRelease } from './sign-release.ts'
import { applyPlan } from './signing-plan.ts'

const forms = artefactForms(archiveTools())
let core: TestCore
let ports: ReleaseSigningPorts

before(async () => {
  core = await openTestCore()
  ports = { ...core, forms, judge: async () => undefined, refuseDisputed: async () => undefined }
})
after(() => core.close())

type KeyForm = 'raw' | 'mcuboot' | 'cms'

async function key(product: Product, name: string, form: KeyForm): Promise<ArtefactKey> {
  const wish: KeyWish = {
    ...{ product, name, forms: [form], algorithm: undefined, custody: 'file', isNext: false },
    ...{ supportUntil: undefined, authority: undefined, because: undefined },
  }
  const made = await makeArtefactKey(wish, operator, keyPorts(core))
  return made.kind === 'made' ? made.key : assert.fail(made.detail)
}

async function now({ id }: Release): Promise<Release> {
  return (await core.ledger.read('release', id)) ?? assert.fail('the release is gone')
}

/** Submitted and approved as it is. */
async function approve(release: Release): Promise<Release> {
  const done = await submitRelease(await now(release), operator, core)
  if (done.kind === 'refused') return assert.fail(`${done.reason}: ${done.detail}`)
  await core.ledger.commit(markApproved(done.release, 2, operator, core))
  return now(release)
}

async function sign(release: Release) {
  return signRelease(await now(release), undefined, operator, ports)
}

async function planOf(product: Product, keys: readonly string[]): Promise<void> {
  const options = { version: '1.0.0', headerSize: 32, padHeader: true }
  const lines = [{ form: 'mcuboot', keys, artefacts: ['*.bin'], options }]
  assert.equal((await applyPlan(product, lines, operator, { ...core, forms })).kind, 'applied')
}

test('a release of which a digest was signed is submitted again when a key of its plan ends, and keeps the signature', async () => {
  const pump = await addPump(core, 'pump of a plan')
  const [bare, boot] = [await key(pump, 'bare', 'raw'), await key(pump, 'boot', 'mcuboot')]
  await planOf(pump, ['boot'])
  const image = await stored(core, `an image${'.'.repeat(5_000)}`)
  const part = { role: 'artefact', name: 'app.bin', sha256: image } as const
  const { release } = await attached(core, await newRelease(core, pump), part)
  const approved = await approve(release)
  const asked = { release: approved, key: bare, sha256: image }
  assert.equal((await signDigest(asked, operator, ports)).kind, 'signed')
  await moveKey(boot, 'retire', 'a test', operator, core)
  assert.equal(reasonOf(await sign(release)), 'signing-plan-changed')
  await key(pump, 'boot-2', 'mcuboot')
  await planOf(pump, ['boot-2'])
  assert.equal(reasonOf(await sign(release)), 'signing-plan-changed')
  const again = await submitRelease(await now(release), operator, core)
  assert.ok(again.kind === 'changed' && again.release.state === 'submitted')
  assert.equal(again.release.revision, approved.revision + 1)
  // What it consists of stays as final as it was.
  const edited = await editRelease(again.release, { securityVersion: 8 }, operator, core)
  assert.equal(reasonOf(edited), 'release-final')
  assert.equal(reasonOf(await sign(release)), 'release-state-wrong')
  await core.ledger.commit(markApproved(again.release, 2, operator, core))
  const done = await sign(release)
  assert.equal(done.kind, 'signed')
  const names = (await signedArtefactsOf(release.id, core.ledger)).map(({ name }) => name)
  assert.deepEqual(names.toSorted(), ['app.bin.bare.sig', 'app.mcuboot.bin'])
})

interface ByDigest {
  readonly release: Release
  readonly parts: readonly ReleasePart[]
  readonly keys: readonly ArtefactKey[]
}

function wanted(name: string, { id }: ArtefactKey): NewPart {
  return {
    ...{ role: 'artefact', name, sha256: sha256(new TextEncoder().encode(name)), octets: 32 },
    toBeSigned: { of: 'app.bin', form: 'mcuboot', key: id, over: 'digest' },
  }
}

/** An image that stays where it was built, of which two keys are to sign the digest. */
async function byDigest(product: string): Promise<ByDigest> {
  const pump = await addPump(core, product)
  const keys = [await key(pump, 'one', 'mcuboot'), await key(pump, 'two', 'mcuboot')]
  const image = { role: 'artefact', name: 'app.bin', sha256: sha256(Uint8Array.of(1)) } as const
  let { release } = await attached(core, await newRelease(core, pump), { ...image, octets: 9_000 })
  const parts: ReleasePart[] = []
  for (const one of keys) {
    const done = await attached(core, release, wanted(`app.${one.name}`, one))
    parts.push(done.part)
    release = done.release
  }
  return { release: await approve(release), parts, keys }
}

test('a digest whose key ended before it signed is taken away, and put forward for another key', async () => {
  const { release, parts, keys } = await byDigest('pump by digest')
  const [one, two] = keys as [ArtefactKey, ArtefactKey]
  const [ofOne, ofTwo] = parts as [ReleasePart, ReleasePart]
  const asked = { release, key: one, sha256: ofOne.sha256 }
  assert.equal((await signDigest(asked, operator, ports)).kind, 'signed')
  await moveKey(two, 'retire', 'a test', operator, core)
  const stuck = await sign(release)
  assert.ok(stuck.kind === 'refused' && stuck.reason === 'key-retired')
  assert.match(stuck.detail, /app\.two was to be signed by two, which is retired: take it away/)
  // What was signed is not taken away, and an ended key is not named anew.
  assert.equal(
    reasonOf(await detachPart(await now(release), ofOne, operator, core)),
    'release-final',
  )
  const detached = await detachPart(await now(release), ofTwo, operator, core)
  assert.equal(detached.kind, 'changed')
  const ended = await attachPart(await now(release), wanted('app.again', two), operator, core)
  assert.equal(reasonOf(ended), 'key-retired')
  const pump = await core.ledger.read('product', release.product)
  const three = await key(pump ?? assert.fail('no product'), 'three', 'mcuboot')
  const { part } = await attached(core, await now(release), wanted('app.three', three))
  const approved = await approve(release)
  const last = { release: approved, key: three, sha256: part.sha256 }
  assert.equal((await signDigest(last, operator, ports)).kind, 'signed')
  assert.equal((await sign(release)).kind, 'signed')
})

test('no key whose certificate ended signs for a verifier that looks at the clock', async () => {
  const pump = await addPump(core, 'pump of a certificate')
  const mail = await key(pump, 'mail', 'cms')
  const message = new TextEncoder().encode('the signed attributes')
  const image = { role: 'artefact', name: 'app.bin', sha256: sha256(Uint8Array.of(2)) } as const
  let { release } = await attached(core, await newRelease(core, pump), { ...image, octets: 9_000 })
  const part: NewPart = {
    ...{ role: 'artefact', name: 'app.attributes', sha256: sha256(message) },
    ...{ octets: message.length },
    toBeSigned: { of: 'app.bin', form: 'cms', key: mail.id, over: 'message' },
  }
  release = (await attached(core, release, part)).release
  const asked = { key: mail, sha256: part.sha256, message }
  const end = endOf(mail) ?? assert.fail('a key without a certificate')
  const approved = await approve(release)
  const ask = (clock: ReleaseSigningPorts['clock']) =>
    signDigest({ ...asked, release: approved }, operator, { ...ports, clock })
  const late = await ask({ now: () => end.add({ seconds: 1 }) })
  assert.ok(late.kind === 'refused' && late.reason === 'signer-strands-devices')
  assert.match(late.detail, /the certificate of signing key mail ended .* sign with another key/)
  assert.equal((await ask(ports.clock)).kind, 'signed')
})

test('what is to be signed by an ended key is not submitted', async () => {
  const { release, keys } = await byDigest('pump too late')
  await moveKey(keys[0]!, 'retire', 'a test', operator, core)
  const edited = await editRelease(await now(release), { securityVersion: 8 }, operator, core)
  assert.equal(edited.kind, 'changed')
  assert.equal(reasonOf(await submitRelease(await now(release), operator, core)), 'key-retired')
})

test('what a key signed that was revoked since goes out with no release', async () => {
  const { release, parts, keys } = await byDigest('pump of a thief')
  for (const [index, one] of keys.entries()) {
    const asked = { release: await now(release), key: one, sha256: parts[index]!.sha256 }
    assert.equal((await signDigest(asked, operator, ports)).kind, 'signed')
  }
  await moveKey(keys[0]!, 'revoke', 'it was copied', operator, core)
  const refused = await sign(release)
  assert.ok(refused.kind === 'refused' && refused.reason === 'key-retired')
  assert.match(refused.detail, /signed by one, which was revoked since.*make another release/)
})
