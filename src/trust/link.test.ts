// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import {
  authorityExtensions,
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNotAfter,
  madeNow,
  makeEntity,
  type Wish,
} from '../../test/made-certificates.ts'
import { followLink, isSelfIssued, type LinkQuestion, linkRefusals } from './link.ts'

const [old, next, other, issuing] = (await Promise.all(
  ['CN=Root', 'CN=Root', 'CN=Other', 'CN=Issuing'].map((name) => makeEntity(name, 'p-384')),
)) as [Entity, Entity, Entity, Entity]
const oldRoot = await certifyAuthority(old, old, [], 1)
const newRoot = await certifyAuthority(next, next, [], 1)

const namesKeyOf = (signer: Entity) =>
  encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(signer) })

/** NewWithOld as it should be, but for what is said. */
function newWithOld(wish: Wish = {}, subject: Entity = next, signer: Entity = old) {
  const extensions = [...authorityExtensions(subject, 1), namesKeyOf(signer)]
  return certify(subject, signer, { extensions, ...wish })
}

const link = await newWithOld()

function wordFor(change: Partial<LinkQuestion>): string {
  const result = followLink({ held: oldRoot, root: newRoot, link, at: madeNow, ...change })
  return result.kind === 'refused' ? result.reason : result.kind
}

test('a root that the held one vouches for follows it, and back again', async () => {
  assert.equal(wordFor({}), 'followed')
  const oldWithNew = await newWithOld({}, old, next)
  assert.equal(wordFor({ held: newRoot, root: oldRoot, link: oldWithNew }), 'followed')
})

test('a root of another kind of key follows, too', async () => {
  const quantum = await makeEntity('CN=Root', 'ml-dsa-87')
  const root = await certifyAuthority(quantum, quantum, [], 1)
  assert.equal(wordFor({ root, link: await newWithOld({}, quantum) }), 'followed')
})

/** What is forged, and the word for it. */
const forged: Record<string, () => Promise<[Partial<LinkQuestion>, string]>> = {
  'signed by another key than the old root’s': async () => [
    { link: await newWithOld({ signedBy: other.pair.privateKey }) },
    'signature-wrong',
  ],
  'of another key than the new root’s': async () => [
    { link: await newWithOld({}, { ...other, name: next.name }) },
    'link-key-differs',
  ],
  'to a root of another name': async () => [
    {
      root: await certifyAuthority({ ...next, name: other.name }, undefined, [], 1),
      link: await newWithOld({}, { ...next, name: other.name }),
    },
    'link-name-differs',
  ],
  'by a root of another name': async () => [
    { link: await newWithOld({}, next, { ...old, name: other.name }) },
    'link-name-differs',
  ],
  'that is an issuing authority’s certificate': async () => [
    {
      root: await certifyAuthority(issuing, issuing, [], 0),
      link: await newWithOld({ extensions: authorityExtensions(issuing, 0) }, issuing),
    },
    'link-name-differs',
  ],
  'that is a leaf': async () => [
    { link: await newWithOld({ extensions: [namesKeyOf(old)] }) },
    'link-of-no-authority',
  ],
  'that may sign no certificates': async () => [
    {
      link: await newWithOld({
        extensions: [
          encodeExtension('basicConstraints', { ca: true }),
          encodeExtension('keyUsage', ['cRLSign']),
          namesKeyOf(old),
        ],
      }),
    },
    'link-of-no-authority',
  ],
  'that names another key of the old root': async () => [
    {
      link: await newWithOld({ extensions: [...authorityExtensions(next, 1), namesKeyOf(other)] }),
    },
    'link-identifier-wrong',
  ],
  'that names no key of the old root': async () => [
    { link: await newWithOld({ extensions: authorityExtensions(next, 1) }) },
    'link-identifier-wrong',
  ],
  'that identifies its own key otherwise': async () => [
    { link: await newWithOld({ extensions: [...authorityExtensions(other, 1), namesKeyOf(old)] }) },
    'link-identifier-wrong',
  ],
  'that allows fewer ranks than the new root': async () => [
    { link: await newWithOld({ extensions: [...authorityExtensions(next, 0), namesKeyOf(old)] }) },
    'link-narrower-than-root',
  ],
  'that restricts names where the new root does not': async () => {
    const permitted = [{ base: { kind: 'dns', value: 'example' } }] as const
    const limit = encodeExtension('nameConstraints', { permitted, excluded: [] })
    const extensions = [...authorityExtensions(next, 1), namesKeyOf(old), limit]
    return [{ link: await newWithOld({ extensions }) }, 'link-narrower-than-root']
  },
  'that restricts purposes where the new root does not': async () => {
    const limit = encodeExtension('extKeyUsage', [keyPurposes.serverAuth])
    const extensions = [...authorityExtensions(next, 1), namesKeyOf(old), limit]
    return [{ link: await newWithOld({ extensions }) }, 'link-narrower-than-root']
  },
  'that is over': async () => [
    { link: await newWithOld({ notAfter: madeNow.subtract({ seconds: 1 }) }) },
    'certificate-expired',
  ],
  'that has not begun': async () => [
    { link: await newWithOld({ notBefore: madeNow.add({ seconds: 1 }) }) },
    'certificate-not-yet-valid',
  ],
  'to a root that is over': async () => [
    { root: await rootOf({ notAfter: madeNow.subtract({ seconds: 1 }) }) },
    'certificate-expired',
  ],
  'to a root that has not begun': async () => [
    { root: await rootOf({ notBefore: madeNow.add({ seconds: 1 }) }) },
    'certificate-not-yet-valid',
  ],
  'to a root that did not sign itself': async () => [
    { root: await rootOf({ signedBy: other.pair.privateKey }) },
    'root-not-self-signed',
  ],
  'from a root to itself': async () => [
    { root: oldRoot, link: await newWithOld({}, old) },
    'link-key-differs',
  ],
}

function rootOf(wish: Wish): Promise<Certificate> {
  return certifyAuthority(next, next, [], 1, wish)
}

for (const [what, make] of Object.entries(forged))
  test(`no link is one ${what}`, async () => {
    const [change, word] = await make()
    assert.equal(wordFor(change), word)
  })

test('no link outlives the root that signed it', () => {
  const at = madeNotAfter.add({ seconds: 1 })
  assert.equal(wordFor({ at }), 'certificate-expired')
})

test('each word of a link is reached by what is forged above', async () => {
  const reached = await Promise.all(Object.values(forged).map(async (make) => (await make())[1]))
  assert.deepEqual(
    linkRefusals.filter((word) => !reached.includes(word)),
    [],
  )
})

test('a root is self-issued, an issuing authority is not', async () => {
  assert.equal(isSelfIssued(newRoot), true)
  assert.equal(isSelfIssued(await certifyAuthority(issuing, old)), false)
})
