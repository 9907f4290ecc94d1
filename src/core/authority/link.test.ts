// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Certificate, encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension, readExtension } from '#format/x509/extension.ts'
import { followLink } from '#trust/link.ts'
import { sign } from '#trust/private-key.ts'
import {
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNotBefore,
  madeNow,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { draftLink, type Link } from './link.ts'

const later = madeNotBefore.add({ hours: 24 })
const [old, next, stranger] = (await Promise.all([
  makeEntity('CN=Root', 'p-384'),
  makeEntity('CN=Root', 'ml-dsa-87'),
  makeEntity('CN=Stranger', 'p-384'),
])) as [Entity, Entity, Entity]
const oldRoot = await certifyAuthority(old, old, [], 1)
const newRoot = await certifyAuthority(next, next, [], 1, {
  notBefore: later,
  notAfter: madeNotAfter.add({ hours: 24 }),
})
const serialNumber = new Uint8Array(16).fill(0x42)

async function signed(link: Omit<Link, 'serialNumber'>, by: Entity): Promise<Certificate> {
  const draft = draftLink({ serialNumber, ...link })
  assert.equal(draft.kind, 'link', JSON.stringify(draft))
  assert.ok(draft.kind === 'link')
  const { toBeSigned, signatureAlgorithm } = draft
  const signature = await sign(by.pair.privateKey, signatureAlgorithm, toBeSigned)
  return parseCertificate(encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature))
}

function wordFor(link: Omit<Link, 'serialNumber'>): string {
  const draft = draftLink({ serialNumber, ...link })
  return draft.kind === 'refused' ? `${draft.reason} ${draft.detail.split(':')[0]}` : draft.kind
}

test('NewWithOld and OldWithNew lead from each root to the other', async () => {
  const newWithOld = await signed({ certified: newRoot, signer: oldRoot }, old)
  const oldWithNew = await signed({ certified: oldRoot, signer: newRoot }, next)
  const at = madeNow
  assert.equal(followLink({ held: oldRoot, root: newRoot, link: newWithOld, at }).kind, 'followed')
  assert.equal(followLink({ held: newRoot, root: oldRoot, link: oldWithNew, at }).kind, 'followed')
})

test('a link lives from the making of the key that it certifies to the end of the root that ends first', async () => {
  const newWithOld = await signed({ certified: newRoot, signer: oldRoot }, old)
  const oldWithNew = await signed({ certified: oldRoot, signer: newRoot }, next)
  const spans = [newWithOld, oldWithNew].map(({ notBefore, notAfter }) => [notBefore, notAfter])
  assert.deepEqual(spans.map(String), [
    [later, madeNotAfter].join(),
    [madeNotBefore, madeNotAfter].join(),
  ])
})

test('a link points at the list and the certificate of the root that signed it', async () => {
  const link = await signed(
    {
      ...{ certified: newRoot, signer: oldRoot },
      ...{
        crlUrl: 'http://pki.example/crl/root/0.crl',
        issuerUrl: 'http://pki.example/ca/root.crt',
      },
    },
    old,
  )
  const points = readExtension(link.extensions, 'cRLDistributionPoints')
  const access = readExtension(link.extensions, 'authorityInfoAccess')
  assert.deepEqual(points?.[0]?.fullName, [
    { kind: 'uri', value: 'http://pki.example/crl/root/0.crl' },
  ])
  assert.deepEqual(access?.[0]?.location, { kind: 'uri', value: 'http://pki.example/ca/root.crt' })
})

test('a link allows as many ranks as both roots allow, and keeps what else the certified one says', async () => {
  const permitted = [{ base: { kind: 'dns', value: 'example' } }] as const
  const limit = encodeExtension('nameConstraints', { permitted, excluded: [] })
  const narrow = await certifyAuthority(next, next, [limit], 3)
  const link = await signed({ certified: narrow, signer: oldRoot }, old)
  assert.deepEqual(readExtension(link.extensions, 'basicConstraints'), { ca: true, pathLength: 1 })
  assert.ok(readExtension(link.extensions, 'nameConstraints'))
  const free = await certifyAuthority(old)
  const wide = await signed({ certified: await certifyAuthority(next), signer: free }, old)
  assert.deepEqual(readExtension(wide.extensions, 'basicConstraints'), { ca: true })
})

test('no link is drafted that a rule of its standards forbids', async () => {
  const other = await certifyAuthority(stranger)
  assert.equal(
    wordFor({ certified: other, signer: oldRoot }),
    'lint-failed link-between-roots-of-one-name',
  )
  const short = draftLink({
    ...{ certified: newRoot, signer: oldRoot, serialNumber: Uint8Array.of(1) },
  })
  assert.match(short.kind === 'refused' ? short.detail : '', /^serial-number-unguessable/)
  assert.equal(
    wordFor({ certified: oldRoot, signer: oldRoot }),
    'lint-failed public-key-of-its-own',
  )
})
