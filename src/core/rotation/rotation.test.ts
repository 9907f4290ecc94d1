// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { readConfiguration } from '#house/configuration.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import {
  addPump,
  type Enrolled,
  enrolDevice,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../../../test/support/core.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import { signersNames } from '../authority/founding.ts'
import type { ArtefactKey, Product, Release, Rotation } from '../ledger/tables.ts'
import { markApproved } from '../releases/mark.ts'
import { publishRelease } from '../releases/publish.ts'
import { submitRelease } from '../releases/submit.ts'
import { moveKey } from '../signing/end-key.ts'
import { type KeyWish, makeArtefactKey } from '../signing/make-key.ts'
import { signRelease } from '../signing/sign-release.ts'
import { openAlarm } from '../watch/alarm.ts'
import { retireAuthority } from '../watch/retire-authority.ts'
import { watchSigners } from '../watch/signers.ts'
import { breaksSomething, whatIf } from '../watch/what-if.ts'
import { advanceRotation } from './advance-rotation.ts'
import { anchorsOfKey } from './anchors-of-key.ts'
import { beginRotation, type RotationTerms } from './begin-rotation.ts'
import { giveUpRotation, nameCarrier, skipStep } from './change-rotation.ts'
import { dependentsOn } from './dependents.ts'
import { judgeMove } from './judge-move.ts'
import { approveKeyEnding, askKeyEnding, refuseKeyEnding } from './key-ending.ts'
import { reportInstalled } from './report-installed.ts'
import { progressOf, type StepName } from './steps.ts'
import { strandsSomething, whatIfKey } from './what-if-key.ts'

const forms = artefactForms(archiveTools())
const options = { version: '1.0.0', headerSize: 32, padHeader: true }
let trial: TestCore
let production: TestCore
let products = 0

before(async () => {
  trial = await openTestCore()
  production = await openTestCore(({ configuration }) => ({
    configuration: readConfiguration([
      ...['--data', configuration.data, '--environment', 'production'],
      ...['--public-url', 'http://pki.example.com', '--maker', 'Acme'],
    ]),
  }))
})
after(() => Promise.all([trial.close(), production.close()]))

async function newKey(core: TestCore, product: Product, name: string, more: Partial<KeyWish> = {}) {
  const made = await makeArtefactKey(
    {
      ...{ product, name, forms: ['mcuboot'], algorithm: undefined, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
      ...more,
    },
    operator,
    keyPorts(core),
  )
  return made.kind === 'made' ? made.key : assert.fail(made.detail)
}

async function now(core: TestCore, { id }: ArtefactKey): Promise<ArtefactKey> {
  return (await core.ledger.read('artefactKey', id)) ?? assert.fail('the key is gone')
}

/** A release that came to devices, signed by all keys that sign. */
async function published(
  core: TestCore,
  product: Product,
  firmwareVersion: string,
  supportUntil: string | null = null,
): Promise<Release> {
  const draft = await newRelease(core, product, {
    firmwareVersion,
    supportUntil: supportUntil === null ? null : Temporal.Instant.from(supportUntil),
  })
  const sha256 = await stored(core, `image ${firmwareVersion} of ${product.id}${'.'.repeat(5_000)}`)
  const { release } = await attached(core, draft, { role: 'artefact', name: 'app.bin', sha256 })
  const submitted = await submitRelease(release, operator, core)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await core.ledger.commit(markApproved(submitted.release, 2, operator, core))
  const ports = {
    ...core,
    forms,
    judge: async () => undefined,
    refuseDisputed: async () => undefined,
  }
  const signed = await signRelease(release, undefined, operator, ports)
  if (signed.kind === 'refused') return assert.fail(signed.detail)
  const given = await publishRelease(signed.release, operator, core)
  return given.kind === 'changed' ? given.release : assert.fail(given.detail)
}

/** A product with two keys, whose images are signed for MCUboot by all keys that sign. */
async function twoKeys(core: TestCore, more: Partial<KeyWish> = {}) {
  const product = await addPump(core, `pump ${products++}`)
  const form = more.forms?.[0] ?? 'mcuboot'
  const from = await newKey(core, product, 'old', more)
  const to = await newKey(core, product, 'new', { ...more, isNext: true })
  await writePlan(core, product, [
    { form, ...(form === 'mcuboot' && { options, artefacts: ['*.bin'] }) },
  ])
  return { product, from, to }
}

async function writePlan(core: TestCore, product: Product, lines: readonly unknown[]) {
  const { applyPlan } = await import('../signing/signing-plan.ts')
  const applied = await applyPlan(product, lines, operator, { ...core, forms })
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}

const terms: RotationTerms = {
  ...{ thresholdPercent: 75, silentDays: 30, mostSilentPercent: 20 },
  ...{ forms: undefined, because: 'the old key is five years old' },
}

async function begun(core: TestCore, from: ArtefactKey, to: ArtefactKey, more = terms) {
  const done = await beginRotation(from, to, more, operator, core)
  return done.kind === 'changed' ? done.rotation : assert.fail(done.detail)
}

async function reports(
  core: TestCore,
  device: Enrolled,
  keys: readonly ArtefactKey[],
  more: { readonly firmwareVersion?: string; readonly securityVersion?: number } = {},
) {
  const anchors = (await Promise.all(keys.map((key) => anchorsOfKey(key, core.ledger)))).flat()
  return reportInstalled(
    [device.certificate],
    { firmwareVersion: '1.0.0', securityVersion: 1, ...more, anchors: anchors.toSorted() },
    core,
  )
}

async function fleet(core: TestCore, product: Product, count: number, lot: string | null = null) {
  const devices: Enrolled[] = []
  for (let at = 0; at < count; at++)
    devices.push(await enrolDevice(core, product, `${product.id.slice(-6)}-${at}`, {}, lot))
  return devices
}

async function standing(core: TestCore, { id }: Rotation) {
  const rotation = (await core.ledger.read('rotation', id)) ?? assert.fail('no rotation')
  const { next, adoption } = await progressOf(rotation, core)
  return { rotation, next: next?.name satisfies StepName | undefined, adoption }
}

const told = (core: TestCore, type: string) => core.events.filter((event) => event.type === type)

test('a device says what it runs, and of nobody else', async () => {
  const { product, from } = await twoKeys(trial)
  const [device] = await fleet(trial, product, 1, 'L7')
  if (device === undefined) return assert.fail()
  const first = await reports(trial, device, [from])
  assert.equal(first.kind, 'reported')
  const row = await trial.ledger.find('installed', 'device', [device.device.id])
  assert.deepEqual([row?.product, row?.lot, row?.firmwareVersion], [product.id, 'L7', '1.0.0'])
  const before = trial.events.length
  await reports(trial, device, [from])
  assert.equal(trial.events.length, before, 'said again it is no news')
  const stranger = await reportInstalled(
    [],
    { firmwareVersion: '1', securityVersion: 1, anchors: [] },
    trial,
  )
  assert.equal(reasonOf(stranger), 'credential-missing')
})

test('a lower security version is written down as it is, told by name, and the highest stays', async () => {
  const { product, from } = await twoKeys(trial)
  const [device] = await fleet(trial, product, 1)
  if (device === undefined) return assert.fail()
  await reports(trial, device, [from], { securityVersion: 7, firmwareVersion: '7.0' })
  const fell = await reports(trial, device, [from], { securityVersion: 5, firmwareVersion: '5.0' })
  if (fell.kind === 'refused') return assert.fail(fell.detail)
  assert.ok(fell.fellBack)
  const { securityVersion, highestSecurityVersion } = fell.installed
  assert.deepEqual([securityVersion, highestSecurityVersion], [5, 7])
  const event = told(trial, 'firmware-fell-back').at(-1)
  assert.equal(event?.subjects[0], device.device.id)
  assert.deepEqual([event?.facts['before'], event?.facts['securityVersion']], [7, 5])
})

test('a key is rotated in steps that are computed, and none comes before its time', async () => {
  const { product, from, to } = await twoKeys(trial)
  await published(trial, product, '1.0')
  const devices = await fleet(trial, product, 5)
  for (const device of devices) await reports(trial, device, [from])
  const rotation = await begun(trial, from, to)
  assert.equal(reasonOf(await beginRotation(from, to, terms, operator, trial)), 'exists-already')
  const refusedBy = async (step: string) => {
    const { rotation: now } = await standing(trial, rotation)
    const no = await advanceRotation(now, 'too early', operator, trial)
    if (no.kind !== 'refused') return assert.fail('it went on')
    assert.equal(no.reason, 'rotation-step-waits')
    assert.match(no.detail, new RegExp(step))
  }
  await refusedBy('anchors-shipped')
  // Nor by the back door.
  for (const [key, move, reason] of [
    [to, 'promote', 'rotation-step-waits'],
    [from, 'retiring', 'rotation-step-waits'],
    [from, 'retire', 'key-depended-on'],
    [from, 'revoke', 'key-depended-on'],
  ] as const)
    assert.equal((await judgeMove(key, move, trial))?.reason, reason)

  const carrier = await published(trial, product, '2.0')
  const named = await nameCarrier(rotation, carrier, operator, trial)
  assert.equal(named.kind, 'changed')
  let at = await standing(trial, rotation)
  assert.equal(at.next, 'signed-with-both')
  assert.equal((await advanceRotation(at.rotation, 'go on', operator, trial)).kind, 'changed')
  assert.deepEqual(
    [(await now(trial, from)).state, (await now(trial, to)).state],
    ['retiring', 'current'],
  )
  await published(trial, product, '3.0')
  at = await standing(trial, rotation)
  assert.equal(at.next, 'adoption-proved')

  const [one, two, three, four, five] = devices
  if (!one || !two || !three || !four || !five) return assert.fail()
  for (const device of [one, two, three]) await reports(trial, device, [from, to])
  await refusedBy('3 of 5')
  assert.deepEqual((await standing(trial, rotation)).adoption.firstLagging, [
    four.device.serial,
    five.device.serial,
  ])
  await reports(trial, four, [to])
  assert.equal((await standing(trial, rotation)).next, 'old-retired')
  const done = await advanceRotation(at.rotation, 'proved', operator, trial)
  if (done.kind === 'refused') return assert.fail(done.detail)
  assert.equal(done.rotation.state, 'done')
  assert.equal((await now(trial, from)).state, 'retired')
  assert.equal(
    reasonOf(await skipStep(done.rotation, 'key-made', 'why', operator, trial)),
    'decided-already',
  )
})

test('devices that were silent for long are counted apart, and too many of them stop it', async () => {
  const { product, from, to } = await twoKeys(trial)
  await published(trial, product, '1.0')
  const devices = await fleet(trial, product, 4)
  for (const device of devices) await reports(trial, device, [from])
  const rotation = await begun(trial, from, to)
  trial.clock.pass({ hours: 24 * 31 })
  for (const device of devices.slice(1)) await reports(trial, device, [from, to])
  const { adoption } = await standing(trial, rotation)
  const { inService, heard, adopted, silent, firstSilent } = adoption
  assert.deepEqual([inService, heard, adopted, silent], [4, 3, 3, 1])
  assert.deepEqual(firstSilent, [devices[0]?.device.serial])
  const { steps } = await progressOf(rotation, trial)
  const proved = steps.find(({ name }) => name === 'adoption-proved')
  assert.equal(proved?.state, 'waits')
  assert.match(proved?.detail ?? '', /1 of 4 were silent for 30 days/)
})

test('a step is passed over as an exception only, and never the proof of adoption', async () => {
  const { from, to } = await twoKeys(trial)
  const rotation = await begun(trial, from, to)
  const early = await skipStep(rotation, 'signed-with-both', 'no', operator, trial)
  assert.equal(reasonOf(early), 'rotation-step-waits')
  const proof = await skipStep(rotation, 'adoption-proved', 'no', operator, trial)
  assert.equal(reasonOf(proof), 'rotation-step-waits')
  const skipped = await skipStep(rotation, 'anchors-shipped', 'made with both', operator, trial)
  if (skipped.kind === 'refused') return assert.fail(skipped.detail)
  const walk = { by: 'subject', equal: [rotation.id], limit: 5 } as const
  const [exception] = (await trial.ledger.list('exception', walk)).items
  assert.deepEqual(
    [exception?.rule, exception?.reason],
    ['rotation-step-skipped', 'anchors-shipped: made with both'],
  )
  const given = await giveUpRotation(skipped.rotation, 'another way', operator, trial)
  assert.equal(given.kind === 'changed' && given.rotation.state, 'given-up')
  assert.equal(await judgeMove(to, 'promote', trial), undefined)
})

test('while a rotation is open neither of its keys retires by hand, though no device depends on it', async () => {
  const { from, to } = await twoKeys(trial)
  const rotation = await begun(trial, from, to)
  const early = await judgeMove(from, 'retire', trial)
  assert.equal(early?.reason, 'rotation-step-waits')
  assert.match(early?.detail ?? '', /is at anchors-shipped: .*"rotation give-up"/)
  const successor = await judgeMove(to, 'retire', trial)
  assert.equal(successor?.reason, 'rotation-step-waits')
  assert.match(successor?.detail ?? '', /leads to new.*"rotation give-up"/)
  // What was stolen waits for no rotation.
  for (const key of [from, to]) assert.equal(await judgeMove(key, 'revoke', trial), undefined)
  await giveUpRotation(rotation, 'no product came of it', operator, trial)
  for (const key of [from, to]) assert.equal(await judgeMove(key, 'retire', trial), undefined)
})

test('keys under one root need no adoption: devices hold the root already', async () => {
  const { from, to } = await twoKeys(trial, { forms: ['cms'] })
  const { steps, next } = await progressOf(await begun(trial, from, to), trial)
  assert.equal(next?.name, 'old-retired')
  assert.match(steps[3]?.detail ?? '', /root above both/)
  assert.equal((await dependentsOn(from, trial.ledger)).dependent, 0)
  assert.equal(await judgeMove(from, 'retire', trial), undefined)
})

test('a rotation of what does not fit is refused by name', async () => {
  const { from, to, product } = await twoKeys(trial)
  const other = await twoKeys(trial)
  const rauc = await newKey(trial, product, 'updates', { forms: ['cms'] })
  const ended = await moveKey(rauc, 'retire', 'never used', operator, trial)
  assert.equal(ended.kind, 'moved')
  for (const [one, two, reason] of [
    [from, from, 'input-wrong'],
    [from, other.to, 'environment-wrong'],
    [to, from, 'key-retired'],
    [from, await now(trial, rauc), 'key-retired'],
  ] as const)
    assert.equal(reasonOf(await beginRotation(one, two, terms, operator, trial)), reason)
  const asked = { ...terms, forms: ['rauc'] }
  assert.equal(reasonOf(await beginRotation(from, to, asked, operator, trial)), 'input-wrong')
})

test('outside a trial two people end a key that devices depend on, each once', async () => {
  const { product, from } = await twoKeys(production)
  const devices = await fleet(production, product, 2)
  for (const device of devices) await reports(production, device, [from])
  assert.equal((await judgeMove(from, 'revoke', production))?.reason, 'key-depended-on')
  const because = 'the build server was broken into'
  const asked = await askKeyEnding(from, 'revoke', because, operator, production)
  if (asked.kind === 'refused') return assert.fail(asked.detail)
  assert.deepEqual([asked.ending.state, asked.ending.devices], ['waiting', 2])
  assert.equal((await now(production, from)).state, 'current')
  const again = await approveKeyEnding(asked.ending, operator.id, production)
  assert.equal(reasonOf(again), 'approver-counted')
  const done = await approveKeyEnding(asked.ending, 'psn_other', production)
  assert.equal(done.kind === 'changed' && done.ending.state, 'done')
  assert.equal((await now(production, from)).state, 'revoked')
  const walk = { by: 'subject', equal: [from.id], limit: 5 } as const
  const [exception] = (await production.ledger.list('exception', walk)).items
  assert.deepEqual(
    [exception?.rule, exception?.grantedBy],
    ['key-depended-on', 'psn_test, psn_other'],
  )
})

test('a person says no to the end of a key, and it signs on', async () => {
  const { from } = await twoKeys(production)
  const asked = await askKeyEnding(from, 'retire', 'old', operator, production)
  if (asked.kind === 'refused') return assert.fail(asked.detail)
  const no = await refuseKeyEnding(asked.ending, 'not yet', operator, production)
  assert.equal(no.kind === 'changed' && no.ending.state, 'refused')
  assert.equal((await now(production, from)).state, 'current')
  assert.equal(told(production, 'key-ending-refused').length, 1)
})

test('in a trial one person ends a key, as an exception', async () => {
  const { product, from } = await twoKeys(trial)
  const [device] = await fleet(trial, product, 1)
  if (device === undefined) return assert.fail()
  await reports(trial, device, [from])
  const done = await askKeyEnding(from, 'retire', 'trial is over', operator, trial)
  assert.equal(done.kind === 'changed' && done.ending.state, 'done')
  assert.equal((await now(trial, from)).state, 'retired')
})

test('what breaks is told by form: a bare key never expires, and its devices are counted by lot and version', async () => {
  const { product, from } = await twoKeys(trial)
  await published(trial, product, '1.0')
  const one = await enrolDevice(trial, product, 'W-1', {}, 'A')
  const two = await enrolDevice(trial, product, 'W-2', {}, 'B')
  await enrolDevice(trial, product, 'W-3', {}, 'B')
  await reports(trial, one, [from], { firmwareVersion: '1.0' })
  await reports(trial, two, [from], { firmwareVersion: '0.9' })
  const found = await whatIfKey(from, undefined, trial)
  assert.ok(strandsSomething(found))
  const { dependent, unknown, lots, versions } = found.found
  assert.deepEqual([dependent, unknown], [2, 1])
  assert.deepEqual(lots.map(({ lot }) => lot).toSorted(), ['A', 'B'])
  assert.deepEqual(versions.map(({ firmwareVersion }) => firmwareVersion).toSorted(), [
    '0.9',
    '1.0',
  ])
  const effect = (ending: string) => found.effects.find((one) => one.ending === ending)
  assert.equal(effect('certificate-ended'), undefined)
  assert.deepEqual(
    [effect('retired')?.install, effect('retired')?.start, effect('retired')?.devices],
    ['refused', 'starts', 3],
  )
  assert.deepEqual(
    [effect('removed')?.start, effect('removed')?.releases],
    ['does-not-start', ['1.0']],
  )
  assert.equal(effect('revoked')?.install, 'taken')
})

test('where nothing is published, no reason reads as if devices had something to lose', async () => {
  const { from } = await twoKeys(trial, { forms: ['mcuboot', 'cms'] })
  const at = Temporal.Instant.from('2099-01-01T00:00:00Z')
  const { effects } = await whatIfKey(from, at, trial)
  const conditional = effects.filter(({ because }) =>
    /refuses all|starts nothing|holds the/.test(because),
  )
  assert.ok(conditional.length >= 3, JSON.stringify(effects))
  for (const { install, start, because } of conditional) {
    assert.equal(install, 'taken')
    assert.notEqual(start, 'does-not-start')
    assert.match(because, /^nothing that is published was signed by it/)
  }
})

test('what breaks when a certificate ends is what the verifier of the form does, as devices are set', async () => {
  const { product, from } = await twoKeys(trial, { forms: ['cms'] })
  await published(trial, product, '1.0', '2040-01-01T00:00:00Z')
  const effect = async (at?: string) => {
    const moment = at === undefined ? undefined : Temporal.Instant.from(at)
    const { effects, outlived } = await whatIfKey(from, moment, trial)
    const expired = effects.find(({ ending }) => ending === 'certificate-ended')
    return { ...expired, outlived: outlived.length }
  }
  // Nothing of a trial carries a time-stamp, so that the clock decides.
  const ended = await effect()
  assert.deepEqual([ended.install, ended.releases, ended.outlived], ['refused', ['1.0'], 1])
  const before = await effect(trial.clock.now().toString())
  assert.equal(before.install, 'taken')
  await writePlan(trial, product, [{ form: 'cms', devices: 'openssl cms -verify' }])
  assert.match((await effect()).because ?? '', /clock/)
})

test('a certificate that ends before the support of what it signed is an alarm, as devices are set', async () => {
  const { product, from } = await twoKeys(trial, { forms: ['swupdate'] })
  await writePlan(trial, product, [{ form: 'cms' }])
  const cms = await newKey(trial, product, 'cms', { forms: ['cms'] })
  await published(trial, product, '1.0', '2040-01-01T00:00:00Z')
  const kind = 'signer-strands-devices'
  await watchSigners(trial.clock.now(), trial)
  const alarm = await openAlarm(kind, cms.id, trial.ledger)
  assert.match(alarm?.text ?? '', /devices refuse 1\.0 \(cms\) from then on/)
  assert.equal(alarm?.severity, 'warning')
  assert.equal(await openAlarm(kind, from.id, trial.ledger), undefined)
  // Support that is over strands nobody.
  await watchSigners(Temporal.Instant.from('2040-01-02T00:00:00Z'), trial)
  assert.equal(await openAlarm(kind, cms.id, trial.ledger), undefined)
})

test('with an authority end the keys below it, as long as they sign or devices are given what they signed', async () => {
  const { product, from, to } = await twoKeys(trial, { forms: ['cms'] })
  const bare = await newKey(trial, product, 'bare')
  await published(trial, product, '1.0')
  const under = async (name: string) => {
    const authority = (await trial.ledger.find('authority', 'name', [name])) ?? assert.fail(name)
    const found = await whatIf(authority, trial)
    assert.equal(breaksSomething(found), found.signers.length + found.products.length > 0)
    return found.signers
      .filter((one) => one.product.id === product.id)
      .map(({ key, published: given }) => [
        ...[key.name, given.map(({ release }) => release.firmwareVersion)],
      ])
      .toSorted()
  }
  const both = [
    ['new', []],
    ['old', ['1.0']],
  ]
  assert.deepEqual(await under(signersNames.issuing), both)
  assert.deepEqual(await under(signersNames.root), both)
  assert.deepEqual(await under('root'), [], 'devices believe no signer through it')
  assert.equal(bare.chain.length, 0)
  const retired = await retireAuthority(
    ...([
      (await trial.ledger.find('authority', 'name', [signersNames.root])) ?? assert.fail(),
      ...([undefined, operator, trial] as const),
    ] as const),
  )
  assert.equal(reasonOf(retired), 'authority-in-use')
  assert.match(JSON.stringify(retired), /signers-root still carries [^"]*signing keys/)
  // One that signs no more is looked for by devices that were given what it signed.
  const ended = await moveKey(from, 'retire', 'a test', operator, trial)
  assert.equal(ended.kind, 'moved', JSON.stringify(ended))
  await moveKey(to, 'retire', 'a test', operator, trial)
  assert.deepEqual(await under(signersNames.root), [['old', ['1.0']]])
  await moveKey(await now(trial, from), 'revoke', 'a test', operator, trial)
  assert.deepEqual(await under(signersNames.root), [])
})
