// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vendorBundleFormat } from '#format/admin/vendor-bundle.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { openStore } from '../store/open-store.ts'
import { claimed, withHouse } from './admin-testing.ts'

const root = formatVectors.find(({ name }) => name === 'swtpm-root-certificate')!

function fileOf(change: object = {}): string {
  return JSON.stringify({
    ...{ format: vendorBundleFormat, name: 'chips', version: 1, issued: '2026-11-29T00:00:00Z' },
    entries: [
      {
        ...{ vendor: 'swtpm', kind: 'tpm', source: 'https://example.com/roots' },
        roots: [encodePem('CERTIFICATE', root.bytes)],
      },
    ],
    ...change,
  })
}

function digestOf(file: string): string {
  return sha256(new TextEncoder().encode(file)).toHex()
}

function testVendors(
  name: string,
  body: (ada: Awaited<ReturnType<typeof claimed>>) => Promise<void>,
): void {
  test(name, { timeout: 20_000 }, () =>
    withHouse(openStore, async (stage) => body(await claimed(stage))),
  )
}

const csv = { 'content-type': 'text/csv' }

testVendors('a list of authorities is imported by the digest that was named', async (ada) => {
  const file = fileOf()
  const send = (digest: string, text = file) =>
    ada.ask('POST', `/vendor-roots/imports?sha256=${digest}`, text, csv)
  const other = await send(digestOf(`${file} `))
  assert.deepEqual([other.status, other.document.code], [409, 'bundle-digest-differs'])
  assert.match(other.document.detail, new RegExp(digestOf(file)))
  const answer = await send(digestOf(file).toUpperCase())
  assert.equal(answer.status, 200)
  const lines = answer.text.trim().split('\n')
  const [change, done] = lines.map((line) => JSON.parse(line))
  assert.deepEqual([change.what, change.subject], ['added', 'CN=swtpm-localca-rootca'])
  assert.deepEqual([done.kind, done.number, done.added, done.unchanged], ['done', 1, 1, 0])
  const [listed] = (await ada.ask('GET', '/vendor-roots')).document.items
  assert.equal(listed.sha256, sha256(root.bytes).toHex())
  const [bundle] = (await ada.ask('GET', '/vendor-roots/bundles')).document.items
  assert.equal(bundle.sha256, digestOf(file))
  const falls = fileOf({ entries: [] })
  assert.equal((await send(digestOf(falls), falls)).document.code, 'bundle-version-falls')
})

testVendors('a list that cannot be used says where', async (ada) => {
  for (const [change, where] of [
    [{ format: 'other' }, /format/],
    [{ colour: 'red' }, /colour/],
    [{ version: 0 }, /version/],
    [{ entries: [{ vendor: 'x', kind: 'tpm', source: 'y', roots: [] }] }, /entries\[0\]\.roots/],
    [
      { entries: [{ vendor: 'x', kind: 'tpm', source: 'y', roots: ['no PEM'] }] },
      /entries\[0\]\.roots\[0\]: not PEM/,
    ],
    [
      {
        entries: [
          {
            ...{ vendor: 'x', kind: 'tpm', source: 'y', afterExpiry: 'accepted' },
            roots: [encodePem('CERTIFICATE', root.bytes)],
          },
        ],
      },
      /entries\[0\]: a rule is relaxed, say why/,
    ],
    [
      {
        entries: [
          {
            ...{ vendor: 'x', kind: 'tpm', source: 'y' },
            roots: [encodePem('X509 CRL', root.bytes)],
          },
        ],
      },
      /X509 CRL/,
    ],
  ] as const) {
    const file = fileOf(change)
    const path = `/vendor-roots/imports?sha256=${digestOf(file)}`
    const { status, document } = await ada.ask('POST', path, file, csv)
    assert.deepEqual([status, document.code], [422, 'bundle-wrong'])
    assert.match(document.detail, where)
  }
  const broken = '{"format": '
  const path = `/vendor-roots/imports?sha256=${digestOf(broken)}`
  assert.match((await ada.ask('POST', path, broken, csv)).document.detail, /no JSON/)
})

testVendors('an authority is removed with a reason, and only once', async (ada) => {
  const file = fileOf()
  await ada.ask('POST', `/vendor-roots/imports?sha256=${digestOf(file)}`, file, csv)
  const [listed] = (await ada.ask('GET', '/vendor-roots')).document.items
  const remove = () =>
    ada.ask('POST', `/vendor-roots/${listed.id}/remove`, { because: 'its key was stolen' })
  assert.equal((await remove()).document.state, 'withdrawn')
  assert.equal((await remove()).document.state, 'withdrawn')
  assert.deepEqual((await ada.ask('GET', '/vendor-roots')).document.items, [])
  const gone = await ada.ask('GET', '/vendor-roots?state=withdrawn&bundle=chips')
  assert.equal(gone.document.items.length, 1)
  const unknown = `/vendor-roots/${listed.id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'))}/remove`
  assert.equal((await ada.ask('POST', unknown, { because: 'a typing error' })).status, 404)
})
