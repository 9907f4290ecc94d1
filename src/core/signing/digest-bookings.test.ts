// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import {
  addPump,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
} from '../../../test/support/core.ts'
import { attached, newRelease, stored } from '../../../test/support/releases.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product, Release } from '../ledger/tables.ts'
import { markApproved } from '../releases/mark.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { submitRelease } from '../releases/submit.ts'
import { findWorker } from './find-worker.ts'
import { makeArtefactKey } from './make-key.ts'
import { signDigest } from './sign-digest.ts'
import type { ReleaseSigningPorts } from './sign-release.ts'

const count = 20
let core: TestCore
let key: ArtefactKey

before(async () => {
  core = await openTestCore()
  key = await keyOf(await addPump(core), 'bare')
})
after(() => core.close())

async function keyOf(product: Product, name: string): Promise<ArtefactKey> {
  const made = await makeArtefactKey(
    {
      ...{ product, name, forms: ['raw'], algorithm: undefined, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
    },
    operator,
    keyPorts(core),
  )
  return made.kind === 'made' ? made.key : assert.fail(made.detail)
}

/** An approved release with so many artefacts, and their digests. */
async function approved(firmwareVersion: string) {
  const product = (await core.ledger.read('product', key.product)) ?? assert.fail('no product')
  let release = await newRelease(core, product, { firmwareVersion })
  const digests: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const sha256 = await stored(core, `${firmwareVersion} ${index}`)
    digests.push(sha256)
    release = (await attached(core, release, { role: 'artefact', name: `${index}.bin`, sha256 }))
      .release
  }
  return { release: await approvedAsItIs(release), digests }
}

async function approvedAsItIs(release: Release): Promise<Release> {
  const submitted = await submitRelease(release, operator, core)
  if (submitted.kind === 'refused') return assert.fail(submitted.detail)
  await core.ledger.commit(markApproved(submitted.release, 1, operator, core))
  return (await core.ledger.read('release', release.id)) ?? assert.fail('it is gone')
}

function portsOf(ledger: Ledger = core.ledger): ReleaseSigningPorts {
  const judged = { judge: async () => undefined, refuseDisputed: async () => undefined }
  return { ...core, ledger, forms: artefactForms(archiveTools()), ...judged }
}

/** The ledger, whose commits go by `commit`. */
function committingBy(commit: Ledger['commit']): Ledger {
  const { ledger } = core
  return {
    commit,
    read: (...asked) => ledger.read(...asked),
    find: (...asked) => ledger.find(...asked),
    list: (...asked) => ledger.list(...asked),
    count: (...asked) => ledger.count(...asked),
  }
}

const sign = (release: Release, sha256: Uint8Array, ports = portsOf()) =>
  signDigest({ release, key, sha256 }, operator, ports)

test('digests of one release that are signed side by side are booked in few commits, each with its event', async () => {
  const { release, digests } = await approved('1.0.0')
  let commits = 0
  const ledger = committingBy((change) => {
    commits++
    return core.ledger.commit(change)
  })
  const before = core.events.length
  const ports = portsOf(ledger)
  const done = await Promise.all(digests.map((sha256) => sign(release, sha256, ports)))
  assert.deepEqual([...new Set(done.map(({ kind }) => kind))], ['signed'])
  assert.ok(commits < count / 2, `${commits} commits`)
  const booked = await signedArtefactsOf(release.id, core.ledger)
  assert.equal(new Set(booked.map(({ name }) => name)).size, count)
  const told = core.events.slice(before).filter(({ type }) => type === 'digest-signed')
  assert.deepEqual(
    told.map(({ subjects }) => subjects[0]).toSorted(),
    booked.map(({ id }) => id).toSorted(),
  )
})

test('of a digest that is asked for many times at once there is one signature', async () => {
  const { release, digests } = await approved('1.0.1')
  const [sha256] = digests
  const done = await Promise.all(Array.from({ length: 5 }, () => sign(release, sha256!)))
  const ids = done.map((one) => (one.kind === 'signed' ? one.record.id : assert.fail(one.detail)))
  const signatures = done.map((one) => one.kind === 'signed' && one.signature.toHex())
  assert.deepEqual([new Set(ids).size, new Set(signatures).size], [1, 1])
  assert.equal((await signedArtefactsOf(release.id, core.ledger)).length, 1)
})

test('a signature is given for no other artefact and of no other key, though its name is the same', async () => {
  const product = await addPump(core, 'pump of dots')
  const [dotted, plain] = [await keyOf(product, 'v1.k'), await keyOf(product, 'k')]
  let release = await newRelease(core, product)
  const digests: Uint8Array[] = []
  for (const name of ['app', 'app.v1']) {
    const sha256 = await stored(core, `image ${name}`)
    digests.push(sha256)
    release = (await attached(core, release, { role: 'artefact', name, sha256 })).release
  }
  const [app, app1] = digests as [Uint8Array, Uint8Array]
  release = await approvedAsItIs(release)
  const asked = [
    { release, key: dotted, sha256: app },
    { release, key: plain, sha256: app1 },
  ]
  const done = await Promise.all(asked.map((one) => signDigest(one, operator, portsOf())))
  assert.deepEqual(done.map(({ kind }) => kind).toSorted(), ['refused', 'signed'])
  const again = await Promise.all(asked.map((one) => signDigest(one, operator, portsOf())))
  for (const [index, one] of again.entries())
    if (one.kind === 'refused') assert.equal(one.reason, 'exists-already')
    else assert.deepEqual(one.record.sourceSha256, digests[index])
  assert.deepEqual(
    again.map(({ kind }) => kind),
    done.map(({ kind }) => kind),
  )
})

test('a release that changes while its digests are signed gets none of those signatures', async () => {
  const { release, digests } = await approved('1.0.2')
  let isChanged = false
  const ledger = committingBy(async (change) => {
    const now = await core.ledger.read('release', release.id)
    if (!isChanged && now !== undefined) {
      isChanged = true
      const { version, revision } = now
      const record = { ...now, version: version + 1, revision: revision + 1 }
      await core.ledger.commit({ puts: [{ kind: 'release', record }], events: [] })
    }
    return core.ledger.commit(change)
  })
  const ports = portsOf(ledger)
  const done = await Promise.all(digests.map((sha256) => sign(release, sha256, ports)))
  assert.deepEqual([...new Set(done.map(reasonOf))], ['conflict'])
  assert.deepEqual(await signedArtefactsOf(release.id, core.ledger), [])
})

test('one signature that cannot be booked does not keep the others from it', async () => {
  const { release, digests } = await approved('1.0.3')
  const bad = '0.bin.bare.sig'
  const ledger = committingBy(async (change) => {
    const put = change.puts.find((one) => one.kind === 'signedArtefact' && one.record.name === bad)
    if (put === undefined) return core.ledger.commit(change)
    return { kind: 'conflict', record: put.kind, id: put.record.id, rule: 'name' }
  })
  const ports = portsOf(ledger)
  const done = await Promise.all(digests.map((sha256) => sign(release, sha256, ports)))
  const refused = done.filter(({ kind }) => kind === 'refused')
  assert.deepEqual(refused.map(reasonOf), ['exists-already'])
  assert.equal((await signedArtefactsOf(release.id, core.ledger)).length, count - 1)
})

test('a ledger that breaks rejects all who wait, and those that come later are booked', async () => {
  const { release, digests } = await approved('1.0.4')
  const broken = portsOf(
    committingBy(() => Promise.reject(new Fault('store-full', 'no space is left'))),
  )
  const done = await Promise.allSettled(digests.map((sha256) => sign(release, sha256, broken)))
  assert.deepEqual([...new Set(done.map(({ status }) => status))], ['rejected'])
  assert.equal((await sign(release, digests[0]!)).kind, 'signed')
})

test('a worker is found among the products of its asker alone', async () => {
  const find = (word: string, within?: readonly string[]) => findWorker(word, within, core)
  const absent = 'prd_00000000000000000000000000000000'
  for (const [word, within] of [
    ['bare', undefined],
    ['pump/bare', undefined],
    ['bare', [absent, key.product]],
    ['pump/bare', [key.product]],
  ] as const) {
    const found = await find(word, within)
    assert.equal('id' in found && found.id, key.id, word)
  }
  for (const [word, within] of [
    ['bare', [absent]],
    ['pump/bare', []],
    ['other/bare', [key.product]],
    ['other/bare', undefined],
  ] as const)
    assert.equal('reason' in (await find(word, within)), true, word)
})
