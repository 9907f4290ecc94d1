// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import { parsePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { makeTestAuthority, pemOf } from '../../../test/tls-certificates.ts'
import { openStore } from '../store/open-store.ts'
import { bookCertificate, type Stage, withHouse } from './admin-testing.ts'

function testHouse(rule: string, work: (stage: Stage) => Promise<void>) {
  test(rule, () => withHouse(openStore, work))
}

testHouse('certificates are found by every filter', async ({ house, local }) => {
  const authority = newId('authority', house.ports)
  const pump = newId('product', house.ports)
  const lamp = newId('product', house.ports)
  const soon = house.ports.clock.now().add({ hours: 24 })
  await bookCertificate(house, { subject: 'a', product: pump, deviceSerial: 'A-1', lot: 'L1' })
  await bookCertificate(house, {
    subject: 'b',
    product: pump,
    deviceSerial: 'A-2',
    lot: 'L2',
    notAfter: soon,
  })
  await bookCertificate(house, {
    subject: 'c',
    product: lamp,
    deviceSerial: 'A-1',
    notAfter: soon,
    authority,
  })
  await bookCertificate(house, {
    subject: 'd',
    product: lamp,
    deviceSerial: 'B-1',
    algorithm: 'ml-dsa-65',
    kind: 'birth',
  })
  const last = await bookCertificate(house, {
    subject: 'e',
    state: 'revoked',
    notAfter: soon,
    lot: 'L1',
  })
  const found = async (query: string) => {
    const { document } = await local.ask('GET', `/certificates?${query}`)
    return document.items
      .map((one: { subject: string }) => one.subject)
      .sort()
      .join('')
  }
  const tomorrow = encodeURIComponent(soon.add({ seconds: 1 }).toString())
  assert.equal(await found(''), 'abcde')
  assert.equal(await found(`product=${pump}`), 'ab')
  assert.equal(await found(`owner=${last.owner}`), 'e')
  assert.equal(await found('state=revoked'), 'e')
  assert.equal(await found('kind=birth'), 'd')
  assert.equal(await found('lot=L1'), 'ae')
  assert.equal(await found('lot=L1&state=issued'), 'a')
  assert.equal(await found('serialPrefix=A'), 'abc')
  assert.equal(await found(`serialPrefix=A&product=${lamp}`), 'c')
  assert.equal(await found(`expiringBefore=${tomorrow}`), 'bc')
  assert.equal(await found(`expiringBefore=${tomorrow}&state=revoked`), 'e')
  assert.equal(await found(`expiringBefore=${tomorrow}&product=${pump}`), 'b')
  assert.equal(await found(`expiringAfter=${tomorrow}`), 'ad')
  const exactly = encodeURIComponent(soon.toString())
  assert.equal(await found(`expiringAfter=${exactly}&expiringBefore=${tomorrow}`), 'bc')
  assert.equal(await found(`expiringAfter=${exactly}&expiringBefore=${exactly}`), '')
  assert.equal(await found(`expiringAfter=${exactly}&state=revoked`), 'e')
  assert.equal(await found('algorithm=ml-dsa-65'), 'd')
  assert.equal(await found(`authority=${authority}`), 'c')
  const both = await local.ask('GET', `/certificates?serialPrefix=A&expiringBefore=${tomorrow}`)
  assert.deepEqual([both.status, both.document.code], [400, 'input-wrong'])
  const after = await local.ask('GET', `/certificates?serialPrefix=A&expiringAfter=${tomorrow}`)
  assert.match(after.document.detail, /^serialPrefix and expiringAfter cannot be/)
  const alien = await local.ask('GET', '/certificates?algorithm=p256')
  assert.match(alien.document.detail, /^algorithm: "p256" is none of .*p-256/)
  const when = await local.ask('GET', '/certificates?expiringBefore=tomorrow')
  assert.match(when.document.detail, /must be an instant such as/)
})

testHouse(
  'a certificate is found by its serial number, whichever authority gave it',
  async (stage) => {
    const { house, local } = stage
    const [one, other] = [
      await house.addAuthority({ name: 'one' }),
      await house.addAuthority({ name: 'other', kind: 'root' }),
    ]
    const serialNumber = Uint8Array.fromHex('6a01ff00000000000000000000000009')
    const first = await bookCertificate(house, { authority: one.id, serialNumber })
    const second = await bookCertificate(house, {
      authority: other.id,
      serialNumber,
      kind: 'birth',
    })
    await bookCertificate(house, { authority: one.id })
    const found = async (query: string) => {
      const { document } = await local.ask('GET', `/certificates?${query}`)
      assert.equal(document.next, null)
      return document.items.map(({ id }: { id: string }) => id)
    }
    const hex = serialNumber.toHex()
    assert.deepEqual(await found(`serialNumber=${hex}`), [first.id, second.id])
    const asOthersWrite = hex.toUpperCase().replace(/..(?=.)/g, '$&:')
    assert.deepEqual(await found(`serialNumber=${asOthersWrite}`), [first.id, second.id])
    assert.deepEqual(await found(`serialNumber=${hex}&authority=${other.id}`), [second.id])
    assert.deepEqual(await found(`serialNumber=${hex}&kind=birth`), [second.id])
    assert.deepEqual(await found(`serialNumber=${hex}&serialPrefix=NONE`), [])
    assert.deepEqual(await found(`serialNumber=${hex}&expiringBefore=2000-01-01T00:00:00Z`), [])
    assert.deepEqual(await found('serialNumber=01'), [])
    const odd = await local.ask('GET', '/certificates?serialNumber=012')
    assert.deepEqual([odd.status, odd.document.code], [400, 'input-wrong'])
  },
)

testHouse('a certificate file is traced to its owner, byte for byte', async ({ house, local }) => {
  const somebody = await makeTestAuthority('Somebody')
  const [ours, foreign] = await Promise.all([somebody.issue('PUMP-0001'), somebody.issue('X')])
  const der = ours.chain[0]!
  const { id, owner } = await bookCertificate(house, {}, der)
  const find = (certificate: string) => local.ask('POST', '/certificates/find', { certificate })
  const found = await find(`what a person pastes\n${pemOf([der])}`)
  assert.deepEqual([found.document.id, found.document.owner], [id, owner])
  assert.equal(found.document.sha256, sha256(der).toHex())
  const unknown = await find(pemOf([foreign.chain[0]!]))
  assert.deepEqual([unknown.status, unknown.document.code], [404, 'certificate-unknown'])
  assert.match(
    String(unknown.document.detail),
    /issued by .*, serial number [0-9a-f]+, good until /,
  )
  for (const wrong of [
    'nothing',
    pemOf([der, der]),
    pemOf([der]).replace(/\n[A-Za-z0-9+/]{10}/, '\nAAAAAAAAAA'),
  ]) {
    const refused = await find(wrong)
    assert.deepEqual([refused.status, refused.document.code], [400, 'input-wrong'])
  }
})

testHouse(
  'certificates and authorities are given out as they were signed',
  async ({ house, local }) => {
    const [rootDer, issuingDer, der] = [1, 2, 3].map((seed) => Uint8Array.of(0x30, 1, seed)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const root = await house.addAuthority({ name: 'root', kind: 'root', certificate: rootDer })
    const issuing = await house.addAuthority({
      name: 'issuing-1',
      parent: root.id,
      certificate: issuingDer,
    })
    const { id } = await bookCertificate(house, { authority: issuing.id }, der)
    const exported = async (path: string) => {
      const { document } = await local.ask('GET', path)
      return parsePem(document.pem).map((block) => block.bytes.toHex())
    }
    const [rootHex, issuingHex, hex] = [rootDer, issuingDer, der].map((one) => one.toHex())
    assert.deepEqual(await exported(`/certificates/${id}/export`), [hex])
    assert.deepEqual(await exported(`/certificates/${id}/export?chain=true`), [hex, issuingHex])
    assert.deepEqual(await exported(`/authorities/${issuing.id}/export`), [issuingHex])
    assert.deepEqual(await exported(`/authorities/${issuing.id}/export?chain=true`), [
      issuingHex,
      rootHex,
    ])

    const shown = await local.ask('GET', `/certificates/${id}`)
    assert.deepEqual([shown.document.events, shown.headers.etag], [[], '"1"'])
    const unsigned = await bookCertificate(house, { state: 'reserved' })
    const none = await local.ask('GET', `/certificates/${unsigned.id}/export`)
    assert.match(none.document.detail, /booked and never signed/)

    const authority = await local.ask('GET', `/authorities/${issuing.id}`)
    assert.deepEqual([authority.document.name, authority.document.parent], ['issuing-1', root.id])
    assert.ok(!authority.text.includes('"key"'))
    const names = async (query: string) => {
      const { document } = await local.ask('GET', `/authorities?${query}`)
      return document.items.map((one: { name: string }) => one.name).join(' ')
    }
    assert.equal(await names(''), 'root issuing-1')
    assert.equal(await names('kind=root'), 'root')
    assert.equal(await names('name=issuing-1'), 'issuing-1')
    assert.equal(await names('name=issuing-1&kind=root'), '')
  },
)

testHouse('what nobody bears is not found', async ({ local }) => {
  const nobody = '0'.repeat(32)
  for (const path of [
    `/certificates/crt_${nobody}`,
    `/certificates/crt_${nobody}/export`,
    `/authorities/aut_${nobody}`,
    `/authorities/aut_${nobody}/export`,
    `/products/prd_${nobody}`,
    `/devices/dev_${nobody}`,
    '/profiles/moon',
    '/profiles/moon?number=3',
  ]) {
    const answer = await local.ask('GET', path)
    assert.deepEqual([answer.status, answer.document.code], [404, 'not-found'], path)
  }
  for (const [method, path, body] of [
    ['DELETE', `/people/psn_${nobody}`],
    ['POST', `/devices/dev_${nobody}/retire`, { reason: 'nobody' }],
    ['POST', '/codes', { device: `dev_${nobody}` }],
  ] as const) {
    const answer = await local.ask(method, path, body)
    assert.deepEqual([answer.status, answer.document.code], [404, 'not-found'], path)
  }
})

testHouse('a profile is shown as it is in force and as it was', async ({ house, local }) => {
  for (const number of [1, 2]) {
    await house.ledger.commit({
      puts: [
        {
          kind: 'profile',
          record: {
            id: newId('profile', house.ports),
            version: 1,
            name: 'ldevid',
            number,
            document: { lifetime: `${number} days` },
            author: 'house',
            createdAt: house.ports.clock.now(),
          },
        },
      ],
      events: [],
    })
  }
  assert.equal((await local.ask('GET', '/profiles/ldevid')).document.number, 2)
  const first = await local.ask('GET', '/profiles/ldevid?number=1')
  assert.deepEqual(first.document.document, { lifetime: '1 days' })
  const all = await local.ask('GET', '/profiles?name=ldevid')
  assert.deepEqual(
    all.document.items.map((one: { number: number }) => one.number),
    [1, 2],
  )
  assert.equal((await local.ask('GET', '/profiles')).document.items.length, 2)
})
