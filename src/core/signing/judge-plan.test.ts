// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { addPump, openTestCore, operator, type TestCore } from '../../../test/support/core.ts'
import type { ArtefactKey, Product } from '../ledger/tables.ts'
import { moveKey } from './end-key.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'
import { applyPlan } from './signing-plan.ts'

const forms = artefactForms(archiveTools())
let core: TestCore
let pump: Product

before(async () => {
  core = await openTestCore()
  pump = await addPump(core)
  await made('boot', { forms: ['mcuboot'] })
  await made('boot-384', { forms: ['mcuboot'], algorithm: 'p-384' })
  await made('chip', { forms: ['esp-secure-boot-v2'] })
  await made('chip-256', { forms: ['esp-secure-boot-v2'], algorithm: 'p-256' })
  await made('outer', { forms: ['outer-manifest'] })
  await made('outer-pq', { forms: ['outer-manifest'], algorithm: 'ml-dsa-65' })
  await made('outer-small', { forms: ['outer-manifest'], algorithm: 'ml-dsa-44' })
  await made('bundles', { forms: ['rauc', 'swupdate', 'cms'] })
  await made('bundles-2', { forms: ['rauc', 'cms'] })
  await made('bare', { forms: ['raw'] })
  await made('mail', { forms: ['mender'] })
  await made('suit', { forms: ['suit'] })
  await made('later', { forms: ['mcuboot'], isNext: true })
  const old = await made('old', { forms: ['mcuboot'] })
  await moveKey(old, 'retire', 'a test', operator, core)
  await put(await made('field', { forms: ['mcuboot'] }), { environment: 'production' })
  await put(await made('wrongly', { forms: ['mender'], algorithm: 'p-256' }), {
    forms: ['mender', 'uboot-fit'],
  })
  const weak = await made('weak', { forms: ['mcuboot'], algorithm: 'rsa-2048', because: 'old ROM' })
  await made('weak-2', { forms: ['mcuboot'], algorithm: 'rsa-2048', because: 'old ROM' })
  // As if it had been made where nobody asks for a reason.
  await put(await made('unexcused', { forms: ['mcuboot'] }), { key: weak.key })
  const pq = await core.ledger.find('artefactKey', 'name', [pump.id, 'trial', 'outer-pq'])
  await put(await made('crossed', { forms: ['mcuboot'] }), { key: pq!.key })
})
after(() => core.close())

async function made(name: string, changed: Partial<KeyWish>): Promise<ArtefactKey> {
  const done = await makeArtefactKey(
    {
      ...{ product: pump, name, forms: ['raw'], algorithm: undefined, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
      ...changed,
    },
    operator,
    keyPorts(core),
  )
  return done.kind === 'made' ? done.key : assert.fail(`${name}: ${done.detail}`)
}

async function put(key: ArtefactKey, changed: Partial<ArtefactKey>): Promise<void> {
  const record = { ...key, ...changed, version: key.version + 1 }
  await core.ledger.commit({ puts: [{ kind: 'artefactKey', record }], events: [] })
}

const digest = '00'.repeat(32)
const outer = { form: 'outer-manifest' }

/** What a plan may not do: the line, the refusal, and what it says. */
const rows: Readonly<Record<string, readonly [object, string, RegExp]>> = {
  'an outer manifest by a classical key alone': [
    { ...outer, keys: ['outer'] },
    'artefact-signature-missing',
    /none by ML-DSA-65 or ML-DSA-87/,
  ],
  'an outer manifest by ML-DSA alone': [
    { ...outer, keys: ['outer-pq'] },
    'artefact-signature-missing',
    /none by ECDSA or Ed25519/,
  ],
  'an outer manifest whose ML-DSA is too small': [
    { ...outer, keys: ['outer', 'outer-small'] },
    'artefact-signature-missing',
    /none by ML-DSA-65/,
  ],
  'a key of another purpose': [
    { form: 'mcuboot', keys: ['bundles'] },
    'signing-plan-wrong',
    /is for rauc, swupdate, cms, not for mcuboot/,
  ],
  'a key for bare signatures in a form': [
    { form: 'mcuboot', keys: ['bare'] },
    'signing-plan-wrong',
    /is for raw, not for mcuboot/,
  ],
  'ML-DSA in a form that cannot carry it': [
    { form: 'mcuboot', keys: ['crossed'] },
    'artefact-signer-unfit',
    /signing key crossed: a key of ml-dsa-65 makes none/,
  ],
  'a key of another environment': [
    { form: 'mcuboot', keys: ['field'] },
    'environment-wrong',
    /field is of production, the release is for trial/,
  ],
  'a key that was retired': [{ form: 'mcuboot', keys: ['old'] }, 'key-retired', /old is retired/],
  'a key that is not there': [{ form: 'mcuboot', keys: ['none'] }, 'signing-key-missing', /none/],
  'RSA-2048 that nobody excused': [
    { form: 'mcuboot', keys: ['unexcused'] },
    'key-too-weak',
    /unexcused is rsa-2048, of 112 bits/,
  ],
  'two types of keys in one image of MCUboot': [
    { form: 'mcuboot', keys: ['boot', 'boot-384'] },
    'artefact-signer-unfit',
    /signatures of one type/,
  ],
  'two schemes in one image of a chip': [
    { form: 'esp-secure-boot-v2', keys: ['chip', 'chip-256'] },
    'artefact-signer-unfit',
    /one scheme/,
  ],
  'more signatures than a chip has room for': [
    { form: 'esp-secure-boot-v2', keys: ['chip', 'chip', 'chip', 'chip'] },
    'artefact-choice-wrong',
    /a sector holds 3 signatures, not 4/,
  ],
  'two signers of a bundle': [
    { form: 'rauc', keys: ['bundles', 'bundles-2'] },
    'artefact-choice-wrong',
    /there are 2 signers/,
  ],
  'two signers of a Mender artifact': [
    { form: 'mender', keys: ['mail', 'wrongly'] },
    'artefact-choice-wrong',
    /one signature, there are 2 signers/,
  ],
  'two bare signatures in one file': [
    { form: 'raw', keys: ['bare', 'bare'] },
    'artefact-choice-wrong',
    /of one key, not of 2/,
  ],
  'two signers that show one certificate': [
    { form: 'cms', keys: ['bundles', 'bundles'] },
    'artefact-choice-wrong',
    /the same certificate/,
  ],
  'a bare RSA signature of SWUpdate by another key': [
    { form: 'swupdate', keys: ['bundles'], options: { signature: 'rsa' } },
    'artefact-signer-unfit',
    /by a key of RSA/,
  ],
  'a kind of signature that SWUpdate does not know': [
    { form: 'swupdate', keys: ['bundles'], options: { signature: 'pgp' } },
    'artefact-choice-wrong',
    /must be cms or rsa/,
  ],
  'more names of keys than a FIT has signers': [
    { form: 'uboot-fit', keys: ['wrongly'], options: { keyName: ['a', 'b'] } },
    'artefact-choice-wrong',
    /2 names of keys for 1 signers/,
  ],
  'a choice that the form does not have': [
    { form: 'mcuboot', options: { colour: 'red' } },
    'artefact-choice-wrong',
    /knows no colour/,
  ],
  'a choice of another kind': [
    { form: 'mcuboot', options: { headerSize: 'large' } },
    'artefact-choice-wrong',
    /headerSize is "large"/,
  ],
  'a version that MCUboot cannot write': [
    { form: 'mcuboot', keys: ['boot'], options: { version: '2.5 beta' } },
    'artefact-choice-wrong',
    /version 2\.5 beta, wanted is one as 1\.2\.3\+4/,
  ],
  'the security counter, which the release says': [
    { form: 'mcuboot', options: { securityCounter: '9' } },
    'signing-plan-wrong',
    /options\.securityCounter: the release says it/,
  ],
  'the exception for RSA-2048, which the key has': [
    { form: 'mcuboot', options: { exceptionRsa2048: true } },
    'signing-plan-wrong',
    /options\.exceptionRsa2048/,
  ],
  'the sequence number of SUIT, which the release says': [
    { form: 'suit', options: { sequenceNumber: 1 } },
    'signing-plan-wrong',
    /options\.sequenceNumber/,
  ],
  'the product of an outer manifest, which the release says': [
    { ...outer, options: { product: 'another' } },
    'signing-plan-wrong',
    /options\.product/,
  ],
  'the moment of signing': [
    { form: 'cms', options: { signedAt: '2020-01-01T00:00:00Z' } },
    'signing-plan-wrong',
    /options\.signedAt/,
  ],
  'a digest to be signed bare, of octets that are elsewhere': [
    { form: 'raw', options: { digest } },
    'signing-plan-wrong',
    /options\.digest: a plan signs what is in a release/,
  ],
  'digests for a CMS, of octets that are elsewhere': [
    { form: 'cms', options: { digests: [`sha256:${digest}`] } },
    'signing-plan-wrong',
    /options\.digests/,
  ],
  'files of an outer manifest that are elsewhere': [
    { ...outer, options: { files: [`other.bin:1:${digest}`] } },
    'signing-plan-wrong',
    /options\.files/,
  ],
  'a payload of SUIT that is elsewhere': [
    { form: 'suit', options: { payloadSha256: digest } },
    'signing-plan-wrong',
    /options\.payloadSha256/,
  ],
}

async function applied(line: object) {
  const lines = [{ form: 'swupdate', keys: ['bundles'] }, line]
  return applyPlan(pump, lines, operator, { ...core, forms })
}

for (const [what, [line, reason, detail]] of Object.entries(rows)) {
  test(`a plan with ${what} is refused when it is applied`, async () => {
    const done = await applied(line)
    if (done.kind !== 'refused') return assert.fail('it was applied')
    assert.equal(done.reason, reason, done.detail)
    assert.match(done.detail, detail)
    assert.match(done.detail, /^line 2, /)
  })
}

test('a plan that can sign is applied, by keys that will follow and keys that are still to be made', async () => {
  for (const line of [
    { form: 'mcuboot', keys: ['boot'], options: { headerSize: 32, version: '1.2.3+4' } },
    { form: 'mcuboot', keys: ['later'] },
    { form: 'mcuboot', keys: ['weak', 'weak-2'] },
    { ...outer, keys: ['outer', 'outer-pq'] },
    { form: 'suit', options: { vendor: 'acme.example', class: 'pump' } },
    { form: 'esp-secure-boot-v2', keys: ['chip'] },
  ])
    assert.equal((await applied(line)).kind, 'applied', JSON.stringify(line))
  const scale = await addPump(core, 'scale')
  const early = await applyPlan(scale, [outer], operator, { ...core, forms })
  assert.equal(early.kind, 'applied')
})
