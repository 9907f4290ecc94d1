// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashCode } from '#core/devices/code.ts'
import { newId } from '#core/ledger/ids.ts'
import type { CertificateRecord, Key } from '#core/ledger/tables.ts'
import { openStore } from '../store/open-store.ts'
import {
  bookCertificate,
  claimed,
  type Stage,
  type TestClient,
  type TestHouse,
  withHouse,
} from './admin-testing.ts'

type Work = (stage: Stage & { ada: TestClient; product: string }) => Promise<void>

/** With an administrator and a product named Pump. */
function testDevices(rule: string, work: Work) {
  test(rule, () =>
    withHouse(openStore, async (stage) => {
      await stage.house.addAuthority()
      const ada = await claimed(stage)
      const { product } = (await ada.ask('POST', '/products', { name: 'Pump' })).document
      await work({ ...stage, ada, product: product.id })
    }),
  )
}

async function addPump(ada: TestClient, product: string, serial = 'PUMP-0001', more = {}) {
  const answer = await ada.ask('POST', '/devices', { product, serial, ...more })
  assert.equal(answer.status, 201, answer.text)
  return answer.document
}

testDevices('a product opens two entrances under its label', async ({ ada, house }) => {
  house.ports.pass({ milliseconds: 1 }) // ids sort by time: the newest issues
  const authority = await house.addAuthority()
  await house.addAuthority({ state: 'issuing-stopped' })
  const added = await ada.ask('POST', '/products', { name: 'Größe 2 Monitor', exposure: 'therapy' })
  assert.equal(added.status, 201)
  assert.deepEqual(
    added.document.entrances.map((one: Record<string, unknown>) => [
      one.label,
      one.profile,
      one.isDefault,
      one.authority,
    ]),
    [
      ['gro-e-2-monitor', 'ldevid', true, authority.id],
      ['gro-e-2-monitor-birth', 'idevid', false, authority.id],
    ],
  )
  assert.equal(added.document.product.maker, 'Acme')
  const { id } = added.document.product
  const shown = await ada.ask('GET', `/products/${id}`)
  assert.equal(shown.document.entrances.length, 2)
  assert.equal(shown.document.exposure, 'therapy')
  const byName = await ada.ask('GET', '/products?name=Pump')
  assert.equal(byName.document.items.length, 1)
  assert.equal((await ada.ask('GET', '/products')).document.items.length, 2)
})

testDevices(
  'an entrance is opened by an administrator, under a label that no other has',
  async ({ ada, product }) => {
    const open = (changes: object) =>
      ada.ask('POST', '/entrances', { label: 'pump-radio', product, profile: 'ldevid', ...changes })
    const opened = await open({})
    assert.equal(opened.status, 201, opened.text)
    const { label, profile, isDefault } = opened.document
    assert.deepEqual([label, profile, isDefault], ['pump-radio', 'ldevid', false])
    for (const [changes, status, code] of [
      [{}, 409, 'exists-already'],
      [{ label: 'pump' }, 409, 'exists-already'],
      [{ label: 'Pump' }, 400, 'input-wrong'],
      [{ label: 'pump-' }, 400, 'input-wrong'],
      [{ label: 'other', profile: 'nothing' }, 404, 'not-found'],
      [{ label: 'other', product: `prd_${'0'.repeat(32)}` }, 404, 'not-found'],
    ] as const) {
      const refused = await open(changes)
      assert.deepEqual([refused.status, refused.document.code], [status, code])
    }
    const shown = await ada.ask('GET', `/products/${product}`)
    assert.equal(shown.document.entrances.length, 3)
  },
)

testDevices('a product names its profiles', async ({ ada }) => {
  const add = (more: object) => ada.ask('POST', '/products', { name: 'Drip', ...more })
  const wrong = await add({ profile: 'idevid' })
  assert.deepEqual([wrong.status, wrong.document.code], [400, 'input-wrong'])
  const unknown = await add({ birthProfile: 'mine' })
  assert.deepEqual([unknown.status, unknown.document.code], [404, 'not-found'])
  assert.equal((await add({ profile: 'ldevid', birthProfile: 'idevid' })).status, 201)
})

testDevices('a label is never given to two products', async ({ ada }) => {
  const same = await ada.ask('POST', '/products', { name: 'PUMP!' })
  assert.deepEqual([same.status, same.document.code], [409, 'exists-already'])
  const nameless = await ada.ask('POST', '/products', { name: '泵' })
  assert.deepEqual([nameless.status, nameless.document.code], [400, 'input-wrong'])
})

test('a product needs a maker and an authority', () =>
  withHouse(openStore, async ({ local, house }) => {
    const add = (body: object) => local.ask('POST', '/products', body)
    assert.match((await add({ name: 'Pump' })).document.detail, /no maker is known/)
    const stopped = await add({ name: 'Pump', maker: 'Acme' })
    assert.deepEqual([stopped.status, stopped.document.code], [409, 'issuing-stopped'])
    await house.addAuthority()
    assert.equal((await add({ name: 'Pump', maker: 'Acme' })).status, 201)
    assert.equal((await add({ name: 'Lamp', maker: 'Bcme' })).status, 201)
    assert.match((await add({ name: 'Tube' })).document.detail, /several makers/)
  }))

testDevices(
  'a device is expected once for each product and serial',
  async ({ ada, product, house }) => {
    const device = await addPump(ada, product, 'PUMP-0001', { lot: 'L1', hardwareRevision: 'B' })
    assert.deepEqual(
      [device.state, device.lot, device.hardwareRevision, device.udiDi, device.enrolmentsLeft],
      ['expected', 'L1', 'B', null, 1],
    )
    assert.equal(house.events.at(-1)?.type, 'device-added')
    const twice = await ada.ask('POST', '/devices', { product, serial: 'PUMP-0001' })
    assert.deepEqual([twice.status, twice.document.code], [409, 'exists-already'])
    assert.match(twice.document.detail, /Pump has a device with serial PUMP-0001/)
    const nowhere = await ada.ask('POST', '/devices', {
      product: `prd_${'0'.repeat(32)}`,
      serial: 'A',
    })
    assert.equal(nowhere.document.code, 'not-found')
    for (const serial of ['', ' A', 'A ', 'a\nb', 'é', 'x'.repeat(65)]) {
      const wrong = await ada.ask('POST', '/devices', { product, serial })
      assert.deepEqual([wrong.status, wrong.document.faults[0].path], [400, 'serial'], serial)
    }
  },
)

testDevices('devices are found by every filter, and page by page', async ({ ada, product }) => {
  const { product: other } = (await ada.ask('POST', '/products', { name: 'Lamp' })).document
  for (let count = 1; count <= 5; count++) {
    await addPump(ada, product, `A-${count}`, { lot: count < 3 ? 'early' : 'late' })
  }
  await addPump(ada, other.id, 'A-1')
  const retired = await addPump(ada, other.id, 'B-1')
  await ada.ask('POST', `/devices/${retired.id}/retire`, { reason: 'dropped' })
  const serials = async (query: string) => {
    const { document } = await ada.ask('GET', `/devices?${query}`)
    return document.items
      .map((one: { serial: string }) => one.serial)
      .sort()
      .join(' ')
  }
  assert.equal(await serials(''), 'A-1 A-1 A-2 A-3 A-4 A-5 B-1')
  assert.equal(await serials(`product=${product}`), 'A-1 A-2 A-3 A-4 A-5')
  assert.equal(await serials('state=retired'), 'B-1')
  assert.equal(await serials(`product=${other.id}&state=expected`), 'A-1')
  assert.equal(await serials('lot=early'), 'A-1 A-2')
  assert.equal(await serials('serialPrefix=A'), 'A-1 A-1 A-2 A-3 A-4 A-5')
  assert.equal(await serials(`serialPrefix=A&product=${product}&lot=late`), 'A-3 A-4 A-5')
  assert.equal(await serials('serial=A-1'), 'A-1 A-1')
  assert.equal(await serials(`serial=A-1&product=${product}`), 'A-1')
  assert.equal(await serials('serial=A-1&serialPrefix=B'), '')
  const seen: string[] = []
  let after = ''
  for (;;) {
    const { document } = await ada.ask('GET', `/devices?limit=2&product=${product}${after}`)
    assert.ok(document.items.length <= 2)
    seen.push(...document.items.map((one: { serial: string }) => one.serial))
    if (document.next === null) break
    after = `&after=${encodeURIComponent(document.next)}`
  }
  assert.deepEqual(seen, ['A-1', 'A-2', 'A-3', 'A-4', 'A-5'])
  const foreign = await ada.ask('GET', '/devices?limit=2&after=bm8gY3Vyc29y')
  assert.equal(`${foreign.status} ${foreign.document.code}`, '400 input-wrong')
  const wrong = await ada.ask('GET', '/devices?limit=0&state=lost&colour=red')
  assert.deepEqual(wrong.document.faults.map((one: { path: string }) => one.path).sort(), [
    'colour',
    'limit',
    'state',
  ])
})

/** A certificate of a device, as the ledger keeps one. */
async function certify(
  house: TestHouse,
  device: { id: string; product: string; serial: string },
  state: CertificateRecord['state'] = 'issued',
) {
  const { ports, ledger } = house
  const key: Key = {
    id: newId('key', ports),
    version: 1,
    fingerprint: ports.random.bytes(32),
    algorithm: 'p-256',
    bits: 256,
    spki: ports.random.bytes(91),
    origin: 'device',
    protection: 'unknown',
    attested: false,
    exportable: null,
    purpose: 'working',
    environment: 'trial',
    owner: device.id,
    state: 'active',
    moduleCertificate: null,
    custody: null,
    activatedAt: ports.clock.now(),
    deactivateAt: null,
  }
  assert.equal(
    (await ledger.commit({ puts: [{ kind: 'key', record: key }], events: [] })).kind,
    'committed',
  )
  const certificate = await bookCertificate(house, {
    owner: device.id,
    product: device.product,
    deviceSerial: device.serial,
    key: key.id,
    state,
  })
  return { key: key.id, certificate: certificate.id }
}

testDevices(
  'a new board revokes what the old one had and may enrol once',
  async ({ ada, product, house }) => {
    const device = await addPump(ada, product)
    const old = await certify(house, device)
    const code = (await ada.ask('POST', '/codes', { device: device.id })).document
    const silent = await ada.ask('POST', `/devices/${device.id}/rebind`, {})
    assert.deepEqual([silent.status, silent.document.faults[0].path], [400, 'reason'])
    const rebound = await ada.ask('POST', `/devices/${device.id}/rebind`, { reason: 'board burnt' })
    assert.deepEqual(
      [rebound.status, rebound.document.state, rebound.document.enrolmentsLeft],
      [200, 'expected', 1],
    )
    const certificate = await house.ledger.read('certificate', old.certificate)
    assert.deepEqual([certificate?.state, certificate?.revocationReason], ['revoked', 4])
    assert.equal((await house.ledger.read('key', old.key))?.state, 'retired')
    const ended = await house.ledger.read('code', code.id)
    assert.ok(ended && Temporal.Instant.compare(ended.expiresAt, house.ports.clock.now()) <= 0)
    const types = house.events.slice(-3).map((event) => event.type)
    assert.deepEqual(types, ['device-rebound', 'revocation-effective', 'certificate-revoked'])
    const shown = await ada.ask('GET', `/devices/${device.id}`)
    assert.equal(shown.document.productName, 'Pump')
    assert.equal(shown.document.certificates[0].state, 'revoked')
    assert.equal(shown.document.events[0].type, 'certificate-revoked')
  },
)

testDevices(
  'a retired device has nothing left and gets nothing more',
  async ({ ada, product, house }) => {
    const device = await addPump(ada, product)
    const { certificate } = await certify(house, device)
    const signing = await certify(house, device, 'reserved')
    const path = `/devices/${device.id}`
    const retired = await ada.ask('POST', `${path}/retire`, { reason: 'end of service' })
    assert.deepEqual([retired.document.state, retired.document.enrolmentsLeft], ['retired', 0])
    const left = await house.ledger.read('certificate', certificate)
    assert.deepEqual([left?.state, left?.revocationReason], ['revoked', 5])
    const inSigning = await house.ledger.read('certificate', signing.certificate)
    // Whether it was ever signed is not known: it is abandoned, and on the list all the same.
    assert.equal(inSigning?.state, 'abandoned')
    const told = house.events.length
    assert.equal((await ada.ask('POST', `${path}/retire`, { reason: 'again' })).status, 200)
    assert.equal(house.events.length, told)
    for (const [verb, body] of [
      ['POST /codes', { device: device.id }],
      [`POST ${path}/rebind`, { reason: 'try' }],
      [`POST ${path}/allow-re-enrol`, { reason: 'try' }],
    ] as const) {
      const [, where = ''] = verb.split(' ')
      const refused = await ada.ask('POST', where, body)
      assert.deepEqual([refused.status, refused.document.code], [409, 'device-retired'], verb)
    }
  },
)

testDevices(
  'a device in quarantine gets no code and no new board',
  async ({ ada, product, house }) => {
    const { id } = await addPump(ada, product)
    const device = (await house.ledger.read('device', id))!
    await house.ledger.commit({
      puts: [{ kind: 'device', record: { ...device, version: 2, state: 'quarantined' } }],
      events: [],
    })
    for (const [path, body] of [
      ['/codes', { device: id }],
      [`/devices/${id}/rebind`, { reason: 'try' }],
    ] as const) {
      assert.equal((await ada.ask('POST', path, body)).document.code, 'device-quarantined')
    }
  },
)

testDevices(
  'permission to enrol again is kept as an exception, and a code asks for it',
  async ({ ada, product, house }) => {
    const { id } = await addPump(ada, product)
    const device = (await house.ledger.read('device', id))!
    await house.ledger.commit({
      puts: [
        { kind: 'device', record: { ...device, version: 2, state: 'active', enrolmentsLeft: 0 } },
      ],
      events: [],
    })
    const refused = await ada.ask('POST', '/codes', { device: id })
    assert.equal(refused.document.code, 'device-already-enrolled')
    const allowed = await ada.ask('POST', `/devices/${id}/allow-re-enrol`, {
      reason: 'lost its key',
    })
    assert.equal(allowed.document.enrolmentsLeft, 1)
    const exceptions = await house.ledger.list('exception', {
      by: 'subject',
      equal: [id],
      limit: 10,
    })
    assert.deepEqual(
      exceptions.items.map((one) => [one.rule, one.reason]),
      [['device-already-enrolled', 'lost its key']],
    )
    assert.equal((await ada.ask('POST', '/codes', { device: id })).status, 201)
    const again = await ada.ask('POST', `/devices/${id}/allow-re-enrol`, { reason: 'once more' })
    assert.equal(again.document.version, allowed.document.version)
  },
)

testDevices(
  'a code is shown once, kept as a hash, and ends the one before',
  async ({ ada, product, house }) => {
    const { id } = await addPump(ada, product)
    const first = await ada.ask('POST', '/codes', { device: id, validForHours: 2 })
    assert.equal(first.status, 201)
    assert.match(first.document.code, /^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
    const stored = await house.ledger.find('code', 'codeSha256', [hashCode(first.document.code)])
    assert.equal(stored?.device, id)
    assert.equal(stored?.expiresAt.since(house.ports.clock.now()).total('hours'), 2)
    assert.ok(!JSON.stringify([house.events, house.told, stored]).includes(first.document.code))
    await ada.ask('POST', '/codes', { device: id })
    const ended = await house.ledger.read('code', first.document.id)
    assert.equal(ended?.expiresAt.toString(), house.ports.clock.now().toString())
    const long = await ada.ask('POST', '/codes', { device: id, validForHours: 721 })
    assert.match(long.document.detail, /validForHours: is too large: at most 720/)
  },
)

testDevices('an edit that expects another version changes nothing', async ({ ada, product }) => {
  const { id } = await addPump(ada, product)
  const shown = await ada.ask('GET', `/devices/${id}`)
  assert.equal(shown.headers.etag, '"1"')
  const edit = (tag: string) =>
    ada.ask('POST', `/devices/${id}/retire`, { reason: 'old' }, { 'if-match': tag })
  assert.deepEqual(
    [(await edit('"2"')).status, (await edit('"2"')).document.code],
    [412, 'version-differs'],
  )
  assert.equal((await edit('W/"1"')).document.code, 'input-wrong')
  const done = await edit('"1"')
  assert.deepEqual([done.status, done.headers.etag], [200, '"2"'])
})

const csv = { 'content-type': 'text/csv' }

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

testDevices(
  'a list of devices is added, and refused rows are named',
  async ({ ada, product, house }) => {
    await addPump(ada, product, 'P-0', { lot: 'X' })
    const rows = [
      'serial,lot,hardwareRevision',
      'P-1,L1,B',
      'P-2,"L ""2""",',
      'P-é,L1,B',
      'P-1,L1,B',
      'P-1,L9,B',
      'P-0,Y,',
      'P-3,L1',
      '',
      'P-4,,',
    ]
    const answer = await ada.ask(
      'POST',
      `/devices/imports?product=${product}`,
      rows.join('\r\n'),
      csv,
    )
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^application\/x-ndjson/)
    const lines = linesOf(answer.text)
    assert.deepEqual(
      lines.map((line) => [line.kind, line.row, line.reason]),
      [
        ['refused', 4, 'input-wrong'],
        ['refused', 8, 'input-wrong'],
        ['refused', 6, 'exists-already'],
        ['refused', 7, 'exists-already'],
        ['done', undefined, undefined],
      ],
    )
    const { kind: _, ...count } = lines.at(-1)!
    assert.deepEqual(count, { rows: 8, added: 3, unchanged: 1, refused: 4 })
    const lot = await ada.ask('GET', `/devices?lot=${encodeURIComponent('L "2"')}`)
    assert.equal(lot.document.items[0].serial, 'P-2')
    const event = house.events.at(-1)
    assert.deepEqual(
      [event?.type, event?.facts.count, event?.subjects.length],
      ['devices-imported', 3, 3],
    )
  },
)

testDevices('the same list sent again changes nothing', async ({ ada, house }) => {
  const rows = Array.from({ length: 450 }, (_, index) => `Pump,S-${index}`)
  const text = ['product,serial', ...rows].join('\n')
  const first = linesOf((await ada.ask('POST', '/devices/imports', text, csv)).text)
  assert.deepEqual(
    first.map((line) => [line.kind, line.rows]),
    [
      ['progress', 200],
      ['progress', 400],
      ['done', 450],
    ],
  )
  const told = house.events.length
  const again = linesOf((await ada.ask('POST', '/devices/imports', text, csv)).text)
  assert.deepEqual(again.at(-1), { kind: 'done', rows: 450, added: 0, unchanged: 450, refused: 0 })
  assert.equal(house.events.length, told)
})

testDevices(
  'a quote that is not closed is named with its row, once, and the rows before it count',
  async ({ ada, product }) => {
    const open = ['serial', 'Q-1', '?é', 'Q-2', '"Q-3', ...Array(3000).fill('Q-4')].join('\n')
    for (const text of [open, open.slice(0, 100)]) {
      const answer = await ada.ask('POST', `/devices/imports?product=${product}`, text, csv)
      const lines = linesOf(answer.text)
      assert.deepEqual(
        lines.map(({ kind, row }) => [kind, row]),
        [
          ['refused', 3],
          ['stopped', 5],
        ],
      )
      const { added, unchanged, refused, detail } = lines.at(-1)!
      assert.deepEqual([Number(added) + Number(unchanged), refused], [2, 1])
      assert.match(String(detail), /a quote is not closed/)
      assert.doesNotMatch(String(detail), /row/)
    }
  },
)

testDevices('an import that cannot be read stops and says where', async ({ ada, product }) => {
  const stopped = async (text: string, query = `?product=${product}`) => {
    const answer = await ada.ask('POST', `/devices/imports${query}`, text, csv)
    const last = linesOf(answer.text).at(-1)!
    assert.equal(last.kind, 'stopped', answer.text)
    return String(last.detail)
  }
  assert.match(await stopped('serial,color\nA,red'), /column "color" is not known/)
  assert.match(await stopped('lot\nA'), /no column serial/)
  assert.match(await stopped('serial,Serial\nA,A'), /twice/)
  assert.match(await stopped('serial\nA', ''), /no column product/)
  assert.match(await stopped('serial,product\nA,Pump'), /leave one out/)
  assert.match(await stopped('\n'), /the file is empty/)
  const unknown = await ada.ask('POST', '/devices/imports', 'product,serial\nMoon,A', csv)
  assert.match(unknown.text, /no product is named \\"Moon\\"/)
  const many = Array.from({ length: 1500 }, () => '?é')
  assert.match(await stopped(['serial', ...many].join('\n')), /1000 rows were refused/)
  const json = await ada.ask('POST', `/devices/imports?product=${product}`, { serial: 'A' })
  assert.deepEqual([json.status, json.document.code], [415, 'media-type-wrong'])
  const none = await ada.ask(
    'POST',
    `/devices/imports?product=prd_${'0'.repeat(32)}`,
    'serial',
    csv,
  )
  assert.equal(none.document.code, 'not-found')
})

testDevices(
  'of two imports of the same list at the same moment each device is added once',
  async ({ ada, product, house }) => {
    const text = ['serial', ...Array.from({ length: 200 }, (_, index) => `S-${index}`)].join('\n')
    const answers = await Promise.all(
      [1, 2].map(() => ada.ask('POST', `/devices/imports?product=${product}`, text, csv)),
    )
    const counts = answers.map((answer) => linesOf(answer.text).at(-1)!)
    assert.equal(
      counts.reduce((sum, count) => sum + Number(count.added), 0),
      200,
    )
    assert.ok(counts.every((count) => count.refused === 0))
    assert.equal(await house.ledger.count('device', {}), 200)
  },
)
