// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openTestCore, type TestCore } from '../../../test/support/core.ts'
import { beginSigning, judgedChanges, signNext } from '../../../test/support/judged-changes.ts'
import { isJudged } from '../ledger/judged-kinds.ts'
import type { Kind } from '../ledger/tables.ts'
import { ReleasesInHand } from './releases-in-hand.ts'

let core: TestCore
before(async () => {
  core = await openTestCore()
})
after(() => core.close())

/** The core, and the kinds of record that are read through it. */
function listening(): { readonly heard: TestCore; readonly kinds: Set<Kind> } {
  const kinds = new Set<Kind>()
  const { ledger } = core
  const heard: TestCore = {
    ...core,
    ledger: {
      read: (kind, id) => ledger.read(note(kind), id),
      find: (kind, key, values) => ledger.find(note(kind), key, values),
      list: (kind, query) => ledger.list(note(kind), query),
      count: (kind, query) => ledger.count(kind, query),
      commit: (change) => ledger.commit(change),
    },
  }
  const note = <K extends Kind>(kind: K): K => {
    kinds.add(kind)
    return kind
  }
  return { heard, kinds }
}

test('what a second signature reads no more is of kinds whose change ends the epoch', async () => {
  const signing = await beginSigning('listened to', core)
  const [first, second] = [listening(), listening()]
  assert.equal(await signNext(signing, 0, first.heard), 'signed')
  assert.equal(await signNext(signing, 1, second.heard), 'signed')
  const kept = [...first.kinds].filter((kind) => !second.kinds.has(kind)).toSorted()
  assert.ok(kept.includes('scan') && kept.includes('approval') && kept.includes('signingPolicy'))
  // Found by its digest, which stands in the release, and written once.
  const isFixed = (kind: Kind) => kind === 'releaseManifest'
  assert.deepEqual(
    kept.filter((kind) => !isJudged(kind, 2) && !isFixed(kind)),
    [],
  )
})

for (const [what, [reason, make]] of Object.entries(judgedChanges))
  test(`the next signature after ${what} is refused`, async () => {
    const signing = await beginSigning(`pump with ${what}`, core)
    assert.equal(await signNext(signing, 0, core), 'signed')
    await make(signing, core)
    assert.equal(await signNext(signing, 1, core), reason)
  })

for (const [what, [reason, make]] of Object.entries(judgedChanges))
  test(`${what} while the key signs leaves no signature`, async () => {
    const signing = await beginSigning(`slow ${what}`, core)
    assert.equal(await signNext(signing, 0, core), 'signed')
    const keys: TestCore['keys'] = Object.create(core.keys, {
      sign: {
        value: async (...asked: Parameters<TestCore['keys']['sign']>) => {
          const signature = await core.keys.sign(...asked)
          await make(signing, core)
          return signature
        },
      },
    })
    const expected = { 'key-known-weak': 'key-retired', 'release-state-wrong': 'conflict' }
    const refused = what === 'a signing key that was retired' ? 'key-retired' : reason
    assert.equal(
      await signNext(signing, 1, { ...core, keys }),
      Reflect.get(expected, refused) ?? refused,
    )
  })

test('what was read while an epoch ended is not kept, though a standby brings the epoch back', async () => {
  const { release } = await beginSigning('pump of a standby', core)
  let mark = 'before'
  const inHand = new ReleasesInHand({ now: async () => mark })
  const lost = async () => {
    mark = 'of a commit that is lost'
    return 'read of that commit'
  }
  const read = async (find: () => Promise<string>) =>
    (await inHand.of(release)).know('readings', find, () => true)
  assert.equal(await read(lost), 'read of that commit')
  await new Promise(setImmediate)
  mark = 'before'
  assert.equal(await read(async () => 'as it is'), 'as it is')
  assert.equal(await read(async () => 'read again'), 'as it is')
})

test('a security release has each of its digests signed, though the first raises the line', async () => {
  const signing = await beginSigning('pump that is mended', core, { kind: 'security' })
  for (const index of [0, 1, 2]) assert.equal(await signNext(signing, index, core), 'signed')
})

test('what only the clock changes is seen without any change', async () => {
  const signing = await beginSigning('pump of old scans', core)
  assert.equal(await signNext(signing, 0, core), 'signed')
  core.clock.pass({ hours: 24 * 31 })
  assert.equal(await signNext(signing, 1, core), 'release-not-approved')
})

test('a refusal is not kept: octets that come back are signed', async () => {
  const signing = await beginSigning('pump whose disk was away', core)
  const [lost = assert.fail()] = signing.digests
  await core.artefacts.remove(lost, async () => false)
  assert.equal(await signNext(signing, 0, core), 'release-not-approved')
  await core.artefacts.keep([new TextEncoder().encode('pump whose disk was away a.bin')])
  assert.equal(await signNext(signing, 0, core), 'signed')
  await core.artefacts.remove(signing.digests[1] ?? assert.fail(), async () => false)
  assert.equal(await signNext(signing, 1, core), 'artefact-missing')
})
