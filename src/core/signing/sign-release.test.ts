// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { readConfiguration } from '#house/configuration.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { refuse } from '#trust/refusal.ts'
import {
  addPump,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../../../test/support/core.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import { Fault } from '../fault.ts'
import type { Product, Release } from '../ledger/tables.ts'
import { editRelease } from '../releases/edit.ts'
import { markApproved } from '../releases/mark.ts'
import { partsOf } from '../releases/parts-of.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { submitRelease } from '../releases/submit.ts'
import { publicKeyOf } from './artefact-key.ts'
import { moveKey } from './end-key.ts'
import { type KeyWish, makeArtefactKey } from './make-key.ts'
import { signDigest } from './sign-digest.ts'
import { type ReleaseSigningPorts, signRelease } from './sign-release.ts'
import { applyPlan } from './signing-plan.ts'

const forms = artefactForms(archiveTools())
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

function portsOf(core: TestCore, changed: Partial<ReleaseSigningPorts> = {}): ReleaseSigningPorts {
  const judged = { judge: async () => undefined, refuseDisputed: async () => undefined }
  return { ...core, forms, ...judged, ...changed }
}

async function key(core: TestCore, product: Product, changed: Partial<KeyWish>) {
  const wish: KeyWish = {
    ...{ product, name: 'boot', forms: ['mcuboot'], algorithm: undefined, custody: 'file' },
    ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
    ...changed,
  }
  const made = await makeArtefactKey(wish, operator, keyPorts(core))
  return made.kind === 'made' ? made.key : assert.fail(made.detail)
}

const plan = [
  {
    ...{ form: 'mcuboot', keys: ['boot'], artefacts: ['*.bin'], name: '{stem}.signed.bin' },
    options: { version: '1.0.0', headerSize: 32, padHeader: true },
  },
  { form: 'outer-manifest', of: 'mcuboot', keys: ['outer', 'outer-pq'] },
]

/** A product whose images are signed for MCUboot, with an outer manifest by two keys over what came out. */
async function pumpWithKeys(core: TestCore): Promise<Product> {
  const pump = await addPump(core, `pump ${products++}`)
  await key(core, pump, {})
  await key(core, pump, { name: 'outer', forms: ['outer-manifest'] })
  await key(core, pump, { name: 'outer-pq', forms: ['outer-manifest'], algorithm: 'ml-dsa-65' })
  const applied = await applyPlan(pump, plan, operator, { ...core, forms })
  assert.equal(applied.kind, 'applied')
  return pump
}

async function approved(
  core: TestCore,
  product: Product,
  securityVersion = 7,
  firmwareVersion = '1.0.0',
  image: Uint8Array | string = `image of ${product.id}${'.'.repeat(5_000)}`,
): Promise<Release> {
  const supportUntil = Temporal.Instant.from('2036-01-01T00:00:00Z')
  const terms = { firmwareVersion, securityVersion, supportUntil }
  const draft = await newRelease(core, product, terms)
  const sha256 = await stored(core, image)
  const { release } = await attached(core, draft, { role: 'artefact', name: 'app.bin', sha256 })
  const submitted = await submitRelease(release, operator, core)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await core.ledger.commit(markApproved(submitted.release, 2, operator, core))
  return now(core, release)
}

async function now(core: TestCore, { id }: Release): Promise<Release> {
  return (await core.ledger.read('release', id)) ?? assert.fail('the release is gone')
}

async function signed(core: TestCore, release: Release, only?: readonly ArtefactFormName[]) {
  const done = await signRelease(release, only, operator, portsOf(core))
  return done.kind === 'signed' ? done : assert.fail(`${done.reason}: ${done.detail}`)
}

/** The keys of a core as an object whose members may be replaced. */
function keysOf({ keys }: TestCore): TestCore['keys'] {
  return {
    make: (...asked) => keys.make(...asked),
    sign: (...asked) => keys.sign(...asked),
    has: (...asked) => keys.has(...asked),
  }
}

/** Nothing of it is seen: neither rows nor state. */
async function assertUntouched(core: TestCore, release: Release): Promise<void> {
  assert.equal((await now(core, release)).state, 'approved')
  assert.deepEqual(await signedArtefactsOf(release.id, core.ledger), [])
}

test('what came up while a release was signed stops it before anybody sees anything of it', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  let asked = 0
  const no = portsOf(trial, {
    judge: async () => (asked++ === 0 ? undefined : refuse('release-not-approved', 'she left')),
  })
  const done = await signRelease(release, undefined, operator, no)
  assert.deepEqual([reasonOf(done), asked], ['release-not-approved', 2])
  await assertUntouched(trial, release)
})

test('octets that are not those whose digest was approved are signed in no form', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const [part] = await partsOf(release.id, trial.ledger)
  const file = await trial.artefacts.file(part?.sha256 ?? assert.fail('no part'))
  const path = file?.path ?? assert.fail('no file')
  const octets = readFileSync(path)
  octets[0]! ^= 1
  writeFileSync(path, octets)
  const done = await signRelease(release, undefined, operator, portsOf(trial))
  assert.equal(reasonOf(done), 'artefact-digest-differs')
  await assertUntouched(trial, release)
  octets[0]! ^= 1
  writeFileSync(path, octets)
  await signed(trial, release)
})

test('an approved release is signed in all its forms, and one form over another', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const steps = new Set<string>()
  const done = await signRelease(release, undefined, operator, portsOf(trial), ({ step }) =>
    steps.add(step),
  )
  if (done.kind === 'refused') return assert.fail(done.detail)
  assert.deepEqual([...steps], ['reading', 'signing', 'writing', 'checking'])
  assert.deepEqual(
    done.signed.map(({ form, name, keys }) => [form, name, keys.length]),
    [
      ['mcuboot', 'app.signed.bin', 1],
      ['outer-manifest', 'app.bin.mcuboot.manifest', 2],
    ],
  )
  const [image, manifest] = done.signed
  assert.deepEqual(manifest?.sourceSha256, image?.sha256)
  assert.equal((await now(trial, release)).state, 'signed')
  for (const one of done.signed) {
    assert.equal(await trial.artefacts.size(one.sha256), one.octets)
    assert.equal((await trial.ledger.find('stored', 'sha256', [one.sha256]))?.state, 'kept')
    assert.equal(one.timeStamp, null)
  }
  const told = trial.events.filter(({ subjects }) => subjects.includes(release.id))
  assert.deepEqual(told.map(({ type }) => type).slice(-3), [
    ...['artefact-signed', 'artefact-signed', 'release-signed'],
  ])
})

test('what a weak key signs tells ever after that it was an exception, and why', async () => {
  const pump = await addPump(trial, `pump ${products++}`)
  const because = 'the boot ROM of the 2019 boards knows no other'
  await key(trial, pump, { algorithm: 'rsa-2048', because })
  const applied = await applyPlan(pump, plan.slice(0, 1), operator, { ...trial, forms })
  assert.equal(applied.kind, 'applied')
  const done = await signed(trial, await approved(trial, pump))
  const told = `boot: key-too-weak, ${because}`
  assert.deepEqual(done.signed[0]?.facts['exceptions'], [told])
  const event = trial.events.findLast(({ type }) => type === 'artefact-signed')
  assert.equal(event?.facts['exceptions'], told)
})

test('asked again it answers with what is there, and signs nothing', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const first = await signed(trial, release)
  const again = await signed(trial, release)
  assert.ok(again.isRepeated && !first.isRepeated)
  assert.deepEqual(
    again.signed.map(({ sha256 }) => sha256.toHex()).toSorted(),
    first.signed.map(({ sha256 }) => sha256.toHex()).toSorted(),
  )
})

test('of two that sign at the same moment one counts, and both hear the same', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const both = await Promise.all([signed(trial, release), signed(trial, release)])
  assert.deepEqual(both.map(({ isRepeated }) => isRepeated).toSorted(), [false, true])
  assert.equal((await signedArtefactsOf(release.id, trial.ledger)).length, 2)
})

test('only what is approved is signed, and approval is asked for again at the very moment', async () => {
  const pump = await pumpWithKeys(trial)
  const draft = await newRelease(trial, pump, { firmwareVersion: '0.9' })
  assert.equal(
    reasonOf(await signRelease(draft, undefined, operator, portsOf(trial))),
    'release-state-wrong',
  )
  const release = await approved(trial, pump)
  const no = portsOf(trial, { judge: async () => refuse('release-not-approved', 'a scan found') })
  assert.equal(
    reasonOf(await signRelease(release, undefined, operator, no)),
    'release-not-approved',
  )
  await assertUntouched(trial, release)
})

test('a plan that does not fit the release signs nothing of it', async () => {
  const pump = await pumpWithKeys(trial)
  let tried = 0
  const reason = async (lines: readonly unknown[]) => {
    assert.equal((await applyPlan(pump, lines, operator, { ...trial, forms })).kind, 'applied')
    const release = await approved(trial, pump, 7, `1.0.${tried++}`)
    const done = await signRelease(release, undefined, operator, portsOf(trial))
    await assertUntouched(trial, release)
    return reasonOf(done)
  }
  const [mcuboot, outer] = plan
  assert.equal(await reason([{ ...mcuboot, artefacts: ['*.img'] }]), 'signing-plan-wrong')
  assert.equal(
    await reason([
      { ...mcuboot, name: 'one' },
      { ...outer, name: 'one' },
    ]),
    'signing-plan-wrong',
  )
  // An image without a header is no image of MCUboot by itself: nobody guesses.
  assert.equal(await reason([{ form: 'mcuboot' }]), 'signing-plan-wrong')
})

test('what was approved is signed by the plan and the keys that were approved, and by no others', async () => {
  const pump = await pumpWithKeys(trial)
  const release = await approved(trial, pump)
  const reason = async (act: () => Promise<unknown>) => {
    await act()
    const done = await signRelease(release, undefined, operator, portsOf(trial))
    await assertUntouched(trial, release)
    return reasonOf(done) === 'signing-plan-changed' && done.kind === 'refused' ? done.detail : done
  }
  const apply = (lines: readonly unknown[]) => applyPlan(pump, lines, operator, { ...trial, forms })
  const [mcuboot, outer] = plan
  const choices = { headerSize: 32, padHeader: true, version: '9.0.0' }
  const other = { ...mcuboot, options: choices }
  assert.match(
    String(await reason(() => apply([other, outer]))),
    /line 1 is .*version 9\.0\.0.*approved was .*version 1\.0\.0.*submit it again/,
  )
  assert.match(String(await reason(() => apply([mcuboot]))), /it has 1 lines, approved were 2/)
  await apply([{ ...mcuboot, keys: undefined }, outer])
  const every = await approved(trial, pump, 7, '1.0.1')
  assert.match(String(await reason(() => key(trial, pump, { name: 'spare' }))), /by boot .* spare /)
  assert.equal(
    reasonOf(await signRelease(every, undefined, operator, portsOf(trial))),
    'signing-plan-changed',
    'a key that was made since signs nothing of it',
  )
  await apply(plan)
  assert.equal((await signed(trial, release)).signed.length, 2, 'the plan is what it was again')
})

test('a key that ended after people approved it is named, and the release is submitted anew', async () => {
  const pump = await pumpWithKeys(trial)
  const release = await approved(trial, pump)
  assert.equal(reasonOf(await submitRelease(release, operator, trial)), 'release-state-wrong')
  const boot = await trial.ledger.find('artefactKey', 'name', [pump.id, 'trial', 'boot'])
  await moveKey(boot!, 'revoke', 'a test', operator, trial)
  const done = await signRelease(release, undefined, operator, portsOf(trial))
  assert.equal(reasonOf(done), 'signing-plan-changed')
  assert.match(done.kind === 'refused' ? done.detail : '', /\(key-retired\): signing key boot/)
  assert.equal(reasonOf(await submitRelease(release, operator, trial)), 'key-retired')
  await assertUntouched(trial, release)
  await key(trial, pump, { name: 'boot 2' })
  const [mcuboot, outer] = plan
  await applyPlan(pump, [{ ...mcuboot, keys: ['boot 2'] }, outer], operator, { ...trial, forms })
  const again = await submitRelease(release, operator, trial)
  if (again.kind === 'refused') return assert.fail(again.detail)
  assert.deepEqual(
    [again.release.state, again.release.revision],
    ['submitted', release.revision + 1],
  )
  await trial.ledger.commit(markApproved(again.release, 2, operator, trial))
  const [image] = (await signed(trial, again.release)).signed
  assert.deepEqual(image?.facts['keyNames'], ['boot 2'])
})

test('an image without a header gets the version of its release, which has to be one of MCUboot', async () => {
  const pump = await pumpWithKeys(trial)
  const [mcuboot] = plan
  const line = { ...mcuboot, options: { headerSize: 32, padHeader: true } }
  await applyPlan(pump, [line], operator, { ...trial, forms })
  const release = await approved(trial, pump, 7, '2.4.1+12')
  const done = await signed(trial, release)
  const open = await trial.artefacts.open(done.signed[0]!.sha256)
  assert.match((await forms.mcuboot!.inspect(open!.source)).title, /version 2\.4\.1\+12/)
  await open!.close()
  // Its own header says a version already, which is not written again, and is held against that of the release.
  await applyPlan(pump, [{ form: 'mcuboot', artefacts: ['*.bin'], keys: ['boot'] }], operator, {
    ...trial,
    forms,
  })
  const octets = await trial.artefacts.open(done.signed[0]!.sha256)
  const image = (await octets!.source.read(0, octets!.octets)).slice()
  await octets!.close()
  const headed = await approved(trial, pump, 7, '2.5.0', image)
  const other = await signRelease(headed, undefined, operator, portsOf(trial))
  assert.ok(other.kind === 'refused' && other.reason === 'artefact-version-differs')
  assert.match(other.detail, /its version is "2\.4\.1\+12", wanted is version "2\.5\.0"/)
  await assertUntouched(trial, headed)
  assert.equal(
    (await signed(trial, await approved(trial, pump, 7, '2.4.1', image))).signed.length,
    1,
  )
  const bare = await approved(trial, pump, 7, '2.6 beta')
  const refused = await signRelease(bare, undefined, operator, portsOf(trial))
  assert.match(
    refused.kind === 'refused' ? refused.detail : '',
    /1\.2\.3\+4, and the release is 2\.6 beta/,
  )
  const any = { form: 'mcuboot', artefacts: ['*.bin'], keys: ['boot'], options: { version: 'any' } }
  assert.equal((await applyPlan(pump, [any], operator, { ...trial, forms })).kind, 'applied')
  const beta = await approved(trial, pump, 7, '2.5 beta', image)
  assert.equal((await signed(trial, beta)).signed.length, 1)
  await applyPlan(pump, [line], operator, { ...trial, forms })
  const draft = await newRelease(trial, pump, { firmwareVersion: '2.7 beta', securityVersion: 7 })
  const sha256 = await stored(trial, 'an image of 2.7 beta')
  const ready = await attached(trial, draft, { role: 'artefact', name: 'app.bin', sha256 })
  assert.equal(reasonOf(await submitRelease(ready.release, operator, trial)), 'signing-plan-wrong')
})

test('without a plan people approve the forms that keys sign in, and one of them is chosen', async () => {
  const pump = await addPump(trial, `pump ${products++}`)
  await key(trial, pump, { name: 'mail', forms: ['cms'] })
  const release = await approved(trial, pump)
  assert.equal(
    reasonOf(await signRelease(release, undefined, operator, portsOf(trial))),
    'signing-plan-wrong',
  )
  assert.equal(
    reasonOf(await signRelease(release, ['raw'], operator, portsOf(trial))),
    'signing-plan-wrong',
  )
  assert.equal((await signed(trial, release, ['cms'])).signed.length, 1)
})

test('whatever breaks at whichever step, the release stays approved and nothing is seen', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const calls = await countedCalls(release, Number.POSITIVE_INFINITY, true)
  assert.ok(calls > 8, `${calls} calls`)
  for (let at = 1; at <= calls; at++) {
    await assert.rejects(countedCalls(release, at), /cut off/)
    await assertUntouched(trial, release)
  }
  assert.equal((await signed(trial, release)).signed.length, 2)
})

/** A port with some of its methods replaced. */
function breaking<T extends object>(port: T, methods: Partial<T>): T {
  return new Proxy(port, {
    get: (target, name) => {
      const value = Reflect.get(Object.hasOwn(methods, name) ? methods : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Signs with ports that break at one of their calls; `dry`: the last commit is not made. */
async function countedCalls(release: Release, breakAt: number, dry = false): Promise<number> {
  let calls = 0
  const step = () => {
    if (++calls === breakAt) throw new Error('cut off')
  }
  const { keys, artefacts, ledger } = trial
  const ports = portsOf(trial, {
    keys: breaking(keys, {
      sign: async (...asked) => {
        step()
        return keys.sign(...asked)
      },
    }),
    artefacts: breaking(artefacts, {
      open: async (sha256) => {
        step()
        return artefacts.open(sha256)
      },
      keep: async (chunks) => {
        step()
        return artefacts.keep(chunks)
      },
    }),
    ledger: breaking(ledger, {
      commit: async (change) => {
        step()
        if (dry) return { kind: 'conflict', record: 'release', id: release.id, rule: 'version' }
        return ledger.commit(change)
      },
    }),
  })
  await signRelease(release, undefined, operator, ports)
  return calls
}

test('a token that went away is a refusal, and so is a key that ended while it signed', async () => {
  const pump = await pumpWithKeys(trial)
  const release = await approved(trial, pump)
  const away = portsOf(trial, {
    keys: breaking(trial.keys, {
      sign: async () => {
        throw new Fault('key-unreachable', 'the token is out')
      },
    }),
  })
  assert.equal(reasonOf(await signRelease(release, undefined, operator, away)), 'key-backend-away')
  const boot = await trial.ledger.find('artefactKey', 'name', [pump.id, 'trial', 'boot'])
  const ending = portsOf(trial, {
    keys: breaking(trial.keys, {
      sign: async (...asked) => {
        const now = await trial.ledger.read('artefactKey', boot!.id)
        if (now?.state === 'current') await moveKey(now, 'revoke', 'a test', operator, trial)
        return trial.keys.sign(...asked)
      },
    }),
  })
  assert.equal(reasonOf(await signRelease(release, undefined, operator, ending)), 'key-retired')
  await assertUntouched(trial, release)
})

test('what a device would not believe is not kept, whatever signed it', async () => {
  const release = await approved(trial, await pumpWithKeys(trial))
  const wrong = portsOf(trial, {
    keys: breaking(trial.keys, {
      sign: (id, bytes, asked) =>
        trial.keys.sign(
          id,
          bytes.map((octet) => octet ^ 1),
          asked,
        ),
    }),
  })
  const done = await signRelease(release, undefined, operator, wrong)
  assert.equal(reasonOf(done), 'signing-failed-check')
  await assertUntouched(trial, release)
})

test('what is for production carries a time-stamp, and is not signed without', async () => {
  const release = await approved(production, await pumpWithKeys(production))
  const stamp = async () => refuse('stamper-missing', 'the time-stamp authority does not answer')
  const away = portsOf(production, { stamps: { stamp } })
  assert.equal(reasonOf(await signRelease(release, undefined, operator, away)), 'stamper-missing')
  await assertUntouched(production, release)
  const done = await signed(production, release)
  for (const { timeStamp } of done.signed) assert.ok((timeStamp?.length ?? 0) > 500)
})

test('the digest of an approved artefact is signed, once, and no other octets are', async () => {
  const pump = await pumpWithKeys(trial)
  const bare = await key(trial, pump, { name: 'bare', forms: ['raw'] })
  const pure = await key(trial, pump, { name: 'pure', forms: ['raw'], algorithm: 'ed25519' })
  const release = await approved(trial, pump)
  const [part] = await partsOf(release.id, trial.ledger)
  const ask = (by = bare, sha256 = part!.sha256, of = release) =>
    signDigest({ release: of, key: by, sha256 }, operator, portsOf(trial))
  const first = await ask()
  const again = await ask()
  if (first.kind === 'refused' || again.kind === 'refused') return assert.fail('refused')
  assert.deepEqual([again.signature, again.isRepeated], [first.signature, true])
  const open = await trial.artefacts.open(part!.sha256)
  const record = await trial.ledger.read('key', bare.key)
  const publicKey = publicKeyOf(record!)
  if ('reason' in publicKey || open === undefined) return assert.fail('no key or octets')
  const whole = await open.source.read(0, open.octets)
  assert.ok(verify('sha256', whole, publicKey.keyObject, first.signature))
  await open.close()
  assert.equal(reasonOf(await ask(bare, new Uint8Array(32))), 'not-found')
  assert.equal(reasonOf(await ask(pure)), 'digest-not-signable')
  const boot = await trial.ledger.find('artefactKey', 'name', [pump.id, 'trial', 'boot'])
  assert.equal(reasonOf(await ask(boot)), 'signing-plan-wrong')
  const draft = { ...release, state: 'submitted' } as const
  assert.equal(reasonOf(await ask(bare, part!.sha256, draft)), 'release-state-wrong')
  const later = await key(trial, pump, { name: 'later', forms: ['raw'] })
  assert.equal(reasonOf(await ask(later)), 'signing-plan-changed', 'nobody approved that key')
  // An emergency that was disputed after it was signed: no further key signs it.
  const signed = { ...(await now(trial, release)), state: 'signed' } as const
  const disputed = portsOf(trial, {
    refuseDisputed: async () => refuse('release-not-approved', 'it must not go out'),
  })
  const asked = { release: signed, key: later, sha256: part!.sha256 }
  assert.equal(reasonOf(await signDigest(asked, operator, disputed)), 'release-not-approved')
})

test('a release that falls below one that was signed meanwhile is not signed', async () => {
  const pump = await pumpWithKeys(trial)
  const older = await approved(trial, pump, 3)
  const line = await trial.ledger.list('releaseLine', { limit: 100 })
  assert.ok(line.items.length > 0)
  const draft = await newRelease(trial, pump, { firmwareVersion: '2.0.0', securityVersion: 9 })
  const sha256 = await stored(trial, 'the newer image')
  const { release } = await attached(trial, draft, { role: 'artefact', name: 'app.bin', sha256 })
  const submitted = await submitRelease(release, operator, trial)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await trial.ledger.commit(markApproved(submitted.release, 2, operator, trial))
  await signed(trial, release)
  const refused = await signRelease(older, undefined, operator, portsOf(trial))
  assert.equal(refused.kind, 'refused')
  await assertUntouched(trial, older)
})

test('once a digest was signed nothing of the release is changed any more, and no change slips in beside it', async () => {
  const pump = await pumpWithKeys(trial)
  const bare = await key(trial, pump, { name: 'bare', forms: ['raw'] })
  const release = await approved(trial, pump)
  const [part] = await partsOf(release.id, trial.ledger)
  const asked = { release, key: bare, sha256: part!.sha256 }
  const edit = async () =>
    editRelease(await now(trial, release), { securityVersion: 8 }, operator, trial)
  // While the key signs, the release leads back to a draft.
  const between = await signDigest(
    asked,
    operator,
    portsOf(trial, {
      keys: {
        ...keysOf(trial),
        sign: async (...wanted) => {
          assert.equal((await edit()).kind, 'changed')
          return trial.keys.sign(...wanted)
        },
      },
    }),
  )
  assert.equal(reasonOf(between), 'conflict')
  assert.deepEqual(await signedArtefactsOf(release.id, trial.ledger), [])
  const theirs = await pumpWithKeys(trial)
  const second = await key(trial, theirs, { name: 'bare', forms: ['raw'] })
  const other = await approved(trial, theirs)
  const [image] = await partsOf(other.id, trial.ledger)
  const done = await signDigest(
    { release: other, key: second, sha256: image!.sha256 },
    operator,
    portsOf(trial),
  )
  assert.equal(done.kind, 'signed')
  const changed = await editRelease(
    await now(trial, other),
    { securityVersion: 8 },
    operator,
    trial,
  )
  assert.equal(reasonOf(changed), 'release-final')
  assert.equal((await signed(trial, other)).signed.length, 2, 'it is signed all the same')
})

test('a digest is signed of nothing that is older than what was signed, nor by a key that errs or ended', async () => {
  const pump = await pumpWithKeys(trial)
  const bare = await key(trial, pump, { name: 'bare', forms: ['raw'] })
  const older = await approved(trial, pump, 3)
  const [part] = await partsOf(older.id, trial.ledger)
  const ask = (changed: Partial<ReleaseSigningPorts> = {}) =>
    signDigest(
      { release: older, key: bare, sha256: part!.sha256 },
      operator,
      portsOf(trial, changed),
    )
  const errs = { ...keysOf(trial), sign: async () => new Uint8Array(70) }
  assert.equal(reasonOf(await ask({ keys: errs })), 'signing-failed-check')
  const draft = await newRelease(trial, pump, { firmwareVersion: '2.0.0', securityVersion: 9 })
  const sha256 = await stored(trial, 'a newer image')
  const { release } = await attached(trial, draft, { role: 'artefact', name: 'app.bin', sha256 })
  const submitted = await submitRelease(release, operator, trial)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await trial.ledger.commit(markApproved(submitted.release, 2, operator, trial))
  await signed(trial, release)
  assert.equal(reasonOf(await ask()), 'security-version-falls')
  const ends = {
    ...keysOf(trial),
    sign: async (...wanted: Parameters<TestCore['keys']['sign']>) => {
      await moveKey(bare, 'revoke', 'it was copied', operator, trial)
      return trial.keys.sign(...wanted)
    },
  }
  const [newer] = await partsOf(release.id, trial.ledger)
  const asked = { release: await now(trial, release), key: bare, sha256: newer!.sha256 }
  const late = await signDigest(asked, operator, portsOf(trial, { keys: ends }))
  assert.equal(reasonOf(late), 'key-retired')
})

test('a form that was not signed with the others is not said to be there', async () => {
  const pump = await pumpWithKeys(trial)
  const release = await approved(trial, pump)
  await signed(trial, release, ['mcuboot'])
  const more = await signRelease(release, ['outer-manifest'], operator, portsOf(trial))
  assert.equal(reasonOf(more), 'release-state-wrong')
  assert.ok((await signed(trial, release, ['mcuboot'])).isRepeated)
})

test('SUIT counts what the release says', async () => {
  const pump = await addPump(trial, `pump ${products++}`)
  await key(trial, pump, { name: 'suit', forms: ['suit'] })
  const options = { vendor: 'acme.example', class: 'pump', uri: 'coap://x/y' }
  const line = { form: 'suit', artefacts: ['*.bin'], options }
  assert.equal((await applyPlan(pump, [line], operator, { ...trial, forms })).kind, 'applied')
  const done = await signed(trial, await approved(trial, pump, 7))
  const open = await trial.artefacts.open(done.signed[0]!.sha256)
  const shown = await forms.suit!.inspect(open!.source)
  await open!.close()
  assert.match(JSON.stringify(shown), /sequence number","7/)
})
