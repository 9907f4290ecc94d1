// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificate } from '#format/x509/certificate.ts'
import { foundingFor } from '#house/foundation.ts'
import { followLink } from '#trust/link.ts'
import { operator, reasonOf, type TestCore, withCore } from '../../../test/support/core.ts'
import type { Authority } from '../ledger/tables.ts'
import { type Following, followRoot, type NextRoot } from './follow-root.ts'
import { linkRoots } from './link-roots.ts'

const founding = {
  ...foundingFor({
    ...{ environment: 'trial', rootAlgorithm: 'p-384', algorithm: 'p-256', twin: false },
  }),
  actor: operator,
}

async function named(core: TestCore, name: string): Promise<Authority> {
  return (await core.ledger.find('authority', 'name', [name])) ?? assert.fail(`no ${name}`)
}

async function follow(core: TestCore, more: Partial<NextRoot> = {}): Promise<Following> {
  const before = more.before ?? (await named(core, 'root'))
  return followRoot({ name: 'root-2', algorithm: undefined, founding, ...more, before }, core)
}

function followed(following: Following) {
  return following.kind === 'followed' ? following : assert.fail(JSON.stringify(following))
}

test('a root that follows another bears its name, has a key of its own, and both are linked', () =>
  withCore(async (core) => {
    const { root, before, newWithOld, oldWithNew } = followed(await follow(core))
    const [old, next] = [before, root].map((one) => parseCertificate(one.certificate))
    assert.deepEqual(next?.subject.der, old?.subject.der)
    assert.notDeepEqual(next?.publicKey.der, old?.publicKey.der)
    assert.equal(root.algorithm, before.algorithm)
    assert.equal((await named(core, 'root')).successor, root.id)
    assert.deepEqual(
      core.doors.links.map(({ id }) => id),
      [newWithOld.id, oldWithNew.id],
    )
    const link = parseCertificate(newWithOld.certificate)
    const at = core.clock.now()
    assert.equal(followLink({ held: old!, root: next!, link, at }).kind, 'followed')
    assert.deepEqual(core.troubles, [])
  }))

test('links are booked like every certificate, and told in the log', () =>
  withCore(async (core) => {
    const { root, before } = followed(await follow(core))
    for (const owner of [root.id, before.id]) {
      const query = { by: 'owner', equal: [owner], where: { kind: 'link' }, limit: 2 } as const
      const { items } = await core.ledger.list('certificate', query)
      assert.deepEqual(
        items.map(({ state }) => state),
        ['issued'],
      )
      assert.notEqual(items[0]?.authority, owner)
    }
    const told = core.events.map(({ type }) => type)
    assert.equal(told.filter((type) => type === 'root-linked').length, 2)
    assert.ok(told.includes('root-followed'))
  }))

test('what a crash left of a new root is gone on with', () =>
  withCore(async (core) => {
    let signed = 0
    const broken = {
      ...core,
      keys: {
        ...core.means.keys,
        make: core.means.keys.make.bind(core.means.keys),
        has: core.means.keys.has.bind(core.means.keys),
        sign: async (keyId: string, bytes: Uint8Array) => {
          if (++signed === 3) throw new Error('the power went')
          return core.means.keys.sign(keyId, bytes)
        },
      },
    }
    await assert.rejects(
      followRoot(
        { name: 'root-2', before: await named(core, 'root'), algorithm: undefined, founding },
        broken,
      ),
      { code: 'signing-failed' },
    )
    const left = await named(core, 'root-2')
    assert.equal((await named(core, 'root')).successor, null)
    const { root } = followed(await follow(core))
    assert.equal(root.id, left.id)
    assert.equal(await core.ledger.count('authority', { where: { kind: 'root' } }), 2)
  }))

test('a root signs its successor’s link though its own time to issue is over', () =>
  withCore(async (core) => {
    core.clock.pass({ hours: 24 * 80 })
    const root = await named(core, 'root')
    const record = { ...root, version: root.version + 1, issueUntil: root.createdAt }
    await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
    followed(await follow(core))
  }))

test('a root is followed once, by a root, of a key that may certify, where its own key is', () =>
  withCore(async (core) => {
    const issuing = await named(core, 'issuing-1')
    assert.equal(reasonOf(await follow(core, { before: issuing })), 'input-wrong')
    assert.equal(reasonOf(await follow(core, { algorithm: 'rot13' })), 'input-wrong')
    assert.equal(reasonOf(await follow(core, { algorithm: 'ml-kem-768' })), 'input-wrong')
    assert.equal(reasonOf(await follow(core, { name: 'issuing-1' })), 'exists-already')
    const root = await named(core, 'root')
    const away = { ...core, keys: { ...core.keys, has: async () => false } }
    const asked = { name: 'root-2', before: root, algorithm: undefined, founding }
    assert.equal(reasonOf(await followRoot(asked, away)), 'issuing-stopped')
    followed(await follow(core))
    assert.equal(reasonOf(await follow(core, { name: 'root-3' })), 'exists-already')
    followed(await follow(core, { name: 'root-3', before: await named(core, 'root-2') }))
  }))

test('a root of twins is followed by one that withstands quantum computers', () =>
  withCore(async (core) => {
    const root = await named(core, 'root')
    const twin = { ...root, version: root.version + 1, twin: root.id }
    await core.ledger.commit({ puts: [{ kind: 'authority', record: twin }], events: [] })
    assert.equal(reasonOf(await follow(core)), 'input-wrong')
    const { root: next } = followed(await follow(core, { algorithm: 'ml-dsa-87' }))
    assert.deepEqual([next.algorithm, next.twin], ['ml-dsa-87', root.id])
  }))

test('links that were signed elsewhere are taken if devices will follow them, and once', () =>
  withCore(async (core) => {
    core.clock.pass({ hours: 1 })
    const { root, before, newWithOld, oldWithNew } = followed(await follow(core))
    const read = (one: { readonly certificate: Uint8Array }) => parseCertificate(one.certificate)
    const [link, back] = [newWithOld, oldWithNew].map(read)
    const bring = async (certificates: readonly (typeof link)[], roots = { root, before }) =>
      linkRoots({ ...roots, certificates: certificates.map((one) => one!) }, operator, core)
    const again = await bring([back, link])
    assert.equal(again.kind === 'linked' && again.links.length, 0)
    assert.match(JSON.stringify(await bring([back])), /NewWithOld is missing/)
    assert.equal(reasonOf(await bring([read(await named(core, 'issuing-1'))])), 'input-wrong')
    // The root's own certificate certifies its key, but by itself.
    assert.match(JSON.stringify(await bring([read(root)])), /link-identifier-wrong/)
    const issuing = await named(core, 'issuing-1')
    assert.equal(reasonOf(await bring([link], { root, before: issuing })), 'input-wrong')
    assert.equal(reasonOf(await bring([link], { root: before, before: root })), 'input-wrong')
  }))

test('a link that leads to no newer root is not taken, since no device would follow', () =>
  withCore(async (core) => {
    // Both roots are of one moment here.
    const { root, before, newWithOld } = followed(await follow(core))
    const certificates = [parseCertificate(newWithOld.certificate)]
    const brought = await linkRoots({ root, before, certificates }, operator, core)
    assert.match(JSON.stringify(brought), /no device would follow: the link is from .* later/)
  }))

test('a root whose successor was ended may be followed by another', () =>
  withCore(async (core) => {
    const { root } = followed(await follow(core))
    const ended = { ...root, version: root.version + 1, state: 'retired' } as const
    await core.ledger.commit({ puts: [{ kind: 'authority', record: ended }], events: [] })
    const { before, root: next } = followed(await follow(core, { name: 'root-3' }))
    assert.equal(before.successor, next.id)
  }))
