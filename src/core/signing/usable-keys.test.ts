// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { addPump, operator, type TestCore, withCore } from '../../../test/support/core.ts'
import type { ArtefactKey, Product, Release } from '../ledger/tables.ts'
import type { PlanLine } from '../releases/plan-lines.ts'
import { moveKey } from './end-key.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'
import { usableKeys } from './usable-keys.ts'

async function made(
  core: TestCore,
  product: Product,
  name: string,
  form: 'mcuboot' | 'rauc' | 'uboot-fit',
) {
  const wish: KeyWish = {
    ...{ product, name, forms: [form], algorithm: undefined, custody: 'file', isNext: false },
    ...{ supportUntil: undefined, authority: undefined, because: undefined },
  }
  const done = await makeArtefactKey(wish, operator, keyPorts(core))
  return done.kind === 'made' ? done.key : assert.fail(done.detail)
}

const forms = artefactForms(archiveTools())
const line: PlanLine = {
  ...{ form: 'mcuboot', artefacts: undefined, of: undefined, options: {}, keys: undefined },
  ...{ devices: undefined, name: undefined },
}

/** The names of the keys that would sign, or the refusal. */
async function asked(
  core: TestCore,
  product: Product,
  changed: Partial<PlanLine> = {},
  release: Partial<Release> = {},
) {
  const of = {
    product: product.id,
    environment: 'trial',
    supportUntil: null,
    ...release,
  } as Release
  const form = forms[changed.form ?? 'mcuboot'] ?? assert.fail('no such form')
  const found = await usableKeys(
    { ...line, ...changed },
    form,
    { release: of, product },
    core.ledger,
  )
  return found.kind === 'refused' ? found.reason : found.keys.map(({ key }) => key.name)
}

async function put(core: TestCore, key: ArtefactKey, changed: Partial<ArtefactKey>) {
  const record = { ...key, ...changed, version: key.version + 1 }
  await core.ledger.commit({ puts: [{ kind: 'artefactKey', record }], events: [] })
}

test('every key of the product that signs in the form signs, unless the plan names some', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    assert.equal(await asked(core, pump), 'signing-key-missing')
    const [one, two] = [
      await made(core, pump, 'one', 'mcuboot'),
      await made(core, pump, 'two', 'mcuboot'),
    ]
    await made(core, pump, 'bundles', 'rauc')
    assert.deepEqual(await asked(core, pump), ['one', 'two'])
    assert.deepEqual(await asked(core, pump, { keys: ['two'] }), ['two'])
    assert.equal(await asked(core, pump, { keys: ['three'] }), 'signing-key-missing')
    assert.equal(await asked(core, pump, { keys: ['bundles'] }), 'signing-plan-wrong')
    await moveKey(one, 'retiring', 'a test', operator, core)
    assert.deepEqual(await asked(core, pump), ['one', 'two'])
    await moveKey(two, 'retire', 'a test', operator, core)
    assert.deepEqual(await asked(core, pump), ['one'])
    assert.equal(await asked(core, pump, { keys: ['two'] }), 'key-retired')
  }))

test('a key signs as the plan chooses, unless it is kept where that is not made', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const { key: id } = await made(core, pump, 'boot', 'uboot-fit')
    const changed = { ...line, form: 'uboot-fit', options: { padding: 'pss' } } as const
    const form = forms['uboot-fit'] ?? assert.fail('no such form')
    const release = { product: pump.id, environment: 'trial', supportUntil: null } as Release
    const context = { release, product: pump }
    const found = await usableKeys(changed, form, context, core.ledger)
    assert.ok(found.kind === 'keys')
    assert.deepEqual(
      found.keys.map(({ signer }) => signer.algorithm),
      ['rsa-pss-sha256-longest-salt'],
    )
    const key = (await core.ledger.read('key', id)) ?? assert.fail('its key is gone')
    const record = { ...key, version: key.version + 1, custody: 'tpm board' }
    await core.ledger.commit({ puts: [{ kind: 'key', record }], events: [] })
    const refused = await usableKeys(changed, form, context, core.ledger)
    assert.ok(refused.kind === 'refused' && refused.reason === 'artefact-signer-unfit')
    assert.match(refused.detail, /tpm board chooses the salt/)
    assert.deepEqual(await asked(core, pump, { form: 'uboot-fit' }), ['boot'])
  }))

test('a key of another environment is refused by name, and never signs unnamed', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    await put(core, await made(core, pump, 'field', 'mcuboot'), { environment: 'production' })
    assert.equal(await asked(core, pump), 'signing-key-missing')
    assert.equal(await asked(core, pump, { keys: ['field'] }), 'environment-wrong')
  }))

test('a certificate that would strand devices signs nothing for them', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const key = await made(core, pump, 'bundles', 'rauc')
    await put(core, key, { environment: 'test' })
    const supportUntil = Temporal.Instant.from('2041-01-01T00:00:00Z')
    const release = { environment: 'test', supportUntil } as const
    assert.equal(await asked(core, pump, { form: 'rauc' }, release), 'signer-strands-devices')
    const devices = 'use-bundle-signing-time=true'
    assert.deepEqual(await asked(core, pump, { form: 'rauc', devices }, release), ['bundles'])
  }))
