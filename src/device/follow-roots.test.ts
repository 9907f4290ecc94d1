// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import {
  authorityExtensions,
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNotBefore,
  madeNow,
  makeEntity,
  type Wish,
} from '../../test/made-certificates.ts'
import { findFollowing } from './follow-roots.ts'

const [one, two, three, other] = (await Promise.all(
  ['CN=Root', 'CN=Root', 'CN=Root', 'CN=Other'].map((name) => makeEntity(name)),
)) as [Entity, Entity, Entity, Entity]

const since = (hours: number): Wish => ({ notBefore: madeNotBefore.add({ hours }) })
const rootOf = (entity: Entity, hours: number) =>
  certifyAuthority(entity, entity, [], 1, since(hours))
const [first, second, third] = await Promise.all([rootOf(one, 0), rootOf(two, 1), rootOf(three, 2)])

function linkOf(subject: Entity, signer: Entity, hours: number, wish: Wish = {}) {
  const names = encodeExtension('authorityKeyIdentifier', {
    keyIdentifier: keyIdentifierOf(signer),
  })
  const extensions = [...authorityExtensions(subject, 1), names]
  return certify(subject, signer, { extensions, ...since(hours), ...wish })
}

const [secondByFirst, thirdBySecond, firstBySecond, secondByThird] = await Promise.all([
  linkOf(two, one, 1),
  linkOf(three, two, 2),
  linkOf(one, two, 0),
  linkOf(two, three, 1),
])

function found(held: readonly Certificate[], offered: readonly Certificate[], now = madeNow) {
  const { followed, ignored } = findFollowing(held, offered, now)
  return [followed, ignored.map(({ reason }) => reason)] as const
}

test('a pinned root is followed to the next one, and over that to the one after it', () => {
  const offered = [third, thirdBySecond, second, secondByFirst, firstBySecond, first]
  assert.deepEqual(found([first], offered), [[second, third], []])
  assert.deepEqual(found([first, second], offered), [[third], []])
  assert.deepEqual(found([first, second, third], offered), [[], []])
})

test('a root without a link from a pinned one is not believed', () => {
  assert.deepEqual(found([first], [second, third, thirdBySecond]), [
    ...[[], ['link-identifier-wrong']],
  ])
  assert.deepEqual(found([first], [second, first]), [[], []])
})

test('whoever holds the new root alone is not led back to the old one, and hears no word of it', () => {
  assert.deepEqual(found([second], [first, firstBySecond, second]), [[], []])
})

test('links that are not for this device are no news: of a chain that it left behind, or of a twin', async () => {
  const [twin, next] = [await makeEntity('CN=Twin'), await makeEntity('CN=Twin')]
  const twins = [await rootOf(twin, 0), await rootOf(next, 1), await linkOf(next, twin, 1)]
  const offered = [first, second, third, firstBySecond, secondByThird, ...twins]
  assert.deepEqual(found([third], offered), [[], []])
})

test('nor by an old key that signs itself anew', async () => {
  const again = await rootOf(one, 5)
  assert.deepEqual(found([second], [again, firstBySecond, second]), [[], []])
})

test('an issuing authority cannot make itself a root', async () => {
  const issuing = await certifyAuthority(other, one, [], 0)
  const itself = await certifyAuthority(other, other, [], 0)
  assert.deepEqual(found([first], [first, issuing, itself]), [[], []])
})

test('each forged link is ignored, and named', async () => {
  const forged: readonly (readonly [string, Certificate])[] = [
    ['signature-wrong', await linkOf(two, one, 1, { signedBy: other.pair.privateKey })],
    ['link-key-differs', await linkOf({ ...other, name: two.name }, one, 1)],
    [
      'certificate-expired',
      await linkOf(two, one, 1, { notAfter: madeNow.subtract({ hours: 1 }) }),
    ],
    ['link-of-no-authority', await linkOf(two, one, 1, { extensions: [] })],
    [
      'link-narrower-than-root',
      await linkOf(two, one, 1, {
        extensions: [
          ...authorityExtensions(two, 0),
          encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(one) }),
        ],
      }),
    ],
  ]
  for (const [reason, link] of forged)
    assert.deepEqual(found([first], [first, second, link]), [[], [reason]], reason)
  // A good one beside a forged one is followed all the same.
  const [, bad] = forged[0]!
  assert.deepEqual(found([first], [first, second, bad, secondByFirst])[0], [second])
})

test('a clock that was never set keeps nobody from following', () => {
  const never = Temporal.Instant.fromEpochMilliseconds(0)
  assert.deepEqual(found([first], [second, secondByFirst], never)[0], [second])
})

test('a bag of a thousand roots costs no more than some of them', async () => {
  const many = Array.from({ length: 1000 }, () => second)
  assert.deepEqual(found([first], [...many, secondByFirst])[0], [])
})
