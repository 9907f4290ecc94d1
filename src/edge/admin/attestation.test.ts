// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { formatVectors } from '../../../test/vectors/vector.ts'
import { openStore } from '../store/open-store.ts'
import { claimed, type Stage, type TestClient, withHouse } from './admin-testing.ts'

type Work = (stage: Stage & { ada: TestClient; product: string; device: string }) => Promise<void>

function testAttestation(rule: string, work: Work) {
  test(rule, () =>
    withHouse(openStore, async (stage) => {
      await stage.house.addAuthority()
      const ada = await claimed(stage)
      const { product } = (await ada.ask('POST', '/products', { name: 'Pump' })).document
      const asked = { product: product.id, serial: 'PUMP-1' }
      const device = (await ada.ask('POST', '/devices', asked)).document.id
      await work({ ...stage, ada, product: product.id, device })
    }),
  )
}

const certificate = formatVectors.find(({ name }) => name === 'swtpm-endorsement-rsa-2048')!.bytes
const certificatePem = encodePem('CERTIFICATE', certificate)

function newKey() {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
  return { pem: encodePem('PUBLIC KEY', spki), spkiSha256: sha256(spki).toHex() }
}

testAttestation(
  'a TPM is expected by its key, its certificate, or a hash, and then by no other device',
  async ({ ada, product, device }) => {
    const endorse = (id: string, body: object) =>
      ada.ask('POST', `/devices/${id}/endorsements`, body)
    const byCertificate = await endorse(device, { ek: certificatePem })
    assert.equal(byCertificate.status, 201, byCertificate.text)
    const { certificateSha256, source, state } = byCertificate.document
    assert.deepEqual(
      [certificateSha256, source, state],
      [sha256(certificate).toHex(), 'factory', 'expected'],
    )
    const asked = { product, serial: 'PUMP-2' }
    const other = (await ada.ask('POST', '/devices', asked)).document.id
    for (const body of [
      { ek: certificatePem },
      { ekSha256: sha256(certificate).toHex() },
      { ekSha256: byCertificate.document.spkiSha256.toUpperCase() },
    ]) {
      const answer = await endorse(other, body)
      assert.deepEqual([answer.status, answer.document.code], [409, 'tpm-of-another-device'])
    }
    const key = newKey()
    const second = await endorse(device, { ek: key.pem })
    assert.deepEqual([second.status, second.document.code], [409, 'exists-already'])
    const replaced = await endorse(device, { ek: key.pem, replace: 'main board replaced' })
    assert.equal(replaced.document.spkiSha256, key.spkiSha256)
    const shown = (await ada.ask('GET', `/devices/${device}/attestation`)).document
    assert.deepEqual(
      shown.endorsements.map((one: { state: string }) => one.state),
      ['expected', 'replaced'],
    )
    assert.deepEqual([shown.serial, shown.attestations], ['PUMP-1', []])
  },
)

testAttestation('what names no TPM is refused with its place', async ({ ada, device }) => {
  for (const [body, words] of [
    [{}, /either ek, a key or certificate, or ekSha256/],
    [{ ek: certificatePem, ekSha256: '0'.repeat(64) }, /either ek/],
    [{ ek: 'hello' }, /ek: not PEM/],
    [{ ek: encodePem('X509 CRL', Uint8Array.of(0x30, 0)) }, /neither a public key nor/],
    [{ ek: encodePem('PUBLIC KEY', Uint8Array.of(0x30, 0)) }, /ek: /],
    [{ ek: encodePem('CERTIFICATE', Uint8Array.of(0x30, 0)) }, /ek: /],
    [{ ekSha256: 'abc' }, /SHA-256/],
  ] as const) {
    const answer = await ada.ask('POST', `/devices/${device}/endorsements`, body)
    assert.equal(answer.document.code, 'input-wrong', answer.text)
    assert.match(answer.text, words)
  }
  const nobody = `dev_${'0'.repeat(32)}`
  for (const path of [`/devices/${nobody}/attestation`, `/attestations/att_${'0'.repeat(32)}`])
    assert.equal((await ada.ask('GET', path)).status, 404)
  const lost = await ada.ask('POST', `/devices/${nobody}/endorsements`, { ek: certificatePem })
  assert.equal(lost.status, 404)
})

testAttestation('a device is added, and imported, with its TPM', async ({ ada, product }) => {
  const ekSha256 = sha256(certificate).toHex()
  const asked = { product, serial: 'PUMP-3', ekSha256 }
  const { id } = (await ada.ask('POST', '/devices', asked)).document
  const shown = (await ada.ask('GET', `/devices/${id}/attestation`)).document
  assert.equal(shown.endorsements[0].announcedSha256, ekSha256)
  const again = await ada.ask('POST', '/devices', { product, serial: 'PUMP-4', ekSha256 })
  assert.equal(again.document.code, 'tpm-of-another-device')
  const file = [
    'serial,ekSha256',
    `PUMP-3,${ekSha256}`,
    `PUMP-5,${newKey().spkiSha256}`,
    'PUMP-6,',
    `PUMP-7,${ekSha256}`,
    'PUMP-8,abc',
    `PUMP-3,${'0'.repeat(64)}`,
  ].join('\n')
  const csv = { 'content-type': 'text/csv' }
  const send = async () => {
    const answer = await ada.ask('POST', `/devices/imports?product=${product}`, file, csv)
    return answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  const lines = await send()
  assert.deepEqual(
    lines.map(({ kind, row, reason }) => [kind, row, reason].filter((one) => one !== undefined)),
    [
      ['refused', 6, 'input-wrong'],
      ['refused', 7, 'exists-already'],
      ['refused', 5, 'tpm-of-another-device'],
      ['done'],
    ],
  )
  assert.deepEqual([lines.at(-1).added, lines.at(-1).unchanged], [2, 1])
  assert.deepEqual([(await send()).at(-1).added, (await send()).at(-1).unchanged], [0, 3])
})

testAttestation('proofs are listed and shown, with what they rest on', async (stage) => {
  const { ada, device, house } = stage
  const evidence = new TextEncoder().encode('{"format":"vitalsign-tpm-evidence-1"}')
  const make = async (form: 'tpm' | 'secure-element', quote: 'none' | 'differs') => {
    const id = newId('attestation', house.ports)
    const at = house.ports.clock.now()
    const committed = await house.ledger.commit({
      puts: [
        {
          kind: 'attestation',
          record: {
            ...{ id, version: 1, keyFingerprint: new Uint8Array(32), device, form, quote, at },
            ...{ module: 'IFX:aa:01', moduleCertificateSha256: null, nonce: new Uint8Array(32) },
            ...{ evidenceSha256: sha256(evidence), facts: { vendor: 'Example' }, until: null },
          },
        },
        { kind: 'evidence', record: { id, version: 1, bytes: evidence } },
      ],
      events: [],
    })
    assert.equal(committed.kind, 'committed')
    return id
  }
  const [one, two] = [await make('tpm', 'none'), await make('tpm', 'differs')]
  const three = await make('secure-element', 'none')
  const list = async (filter: string) =>
    (await ada.ask('GET', `/attestations?${filter}`)).document.items.map(
      ({ id }: { id: string }) => id,
    )
  assert.deepEqual((await list('')).toSorted(), [one, two, three].toSorted())
  assert.deepEqual(await list('form=secure-element'), [three])
  assert.deepEqual(await list(`device=${device}&quote=differs`), [two])
  const shown = (await ada.ask('GET', `/attestations/${two}`)).document
  assert.deepEqual([shown.quote, shown.key, shown.facts.vendor], ['differs', null, 'Example'])
  assert.equal(sha256(new TextEncoder().encode(shown.evidence)).toHex(), shown.evidenceSha256)
  const of = (await ada.ask('GET', `/devices/${device}/attestation`)).document
  assert.equal(of.attestations.length, 3)
})

testAttestation('reference values are added from a file, listed, and withdrawn', async (stage) => {
  const { ada, product } = stage
  const values = `  sha256:\n    0 : 0x${'AB'.repeat(32)}\n`
  const asked = { product, firmwareVersion: '1.4', values }
  const added = await ada.ask('POST', '/references', asked)
  assert.equal(added.status, 201, added.text)
  assert.deepEqual(added.document.values, { 0: 'ab'.repeat(32) })
  assert.equal((await ada.ask('POST', '/references', asked)).document.code, 'exists-already')
  for (const [wrong, words] of [
    [{ values: 'x' }, /values: /],
    [{ bank: 'sha384' }, /no register of the bank sha384/],
    [{ bank: 'md5' }, /bank/],
  ] as const) {
    const answer = await ada.ask('POST', '/references', { ...asked, ...wrong })
    assert.equal(answer.document.code, 'input-wrong')
    assert.match(answer.text, words)
  }
  const revision = await ada.ask('POST', '/references', { ...asked, hardwareRevision: 'B' })
  assert.equal(revision.status, 201)
  const list = async (query: string) =>
    (await ada.ask('GET', `/references?${query}`)).document.items.length
  assert.deepEqual([await list(''), await list(`product=${product}`)], [2, 2])
  const { id } = added.document
  const withdraw = () => ada.ask('POST', `/references/${id}/withdraw`, { reason: 'a hole in it' })
  assert.equal((await withdraw()).document.state, 'withdrawn')
  assert.equal((await withdraw()).document.version, 2)
  assert.deepEqual([await list(''), await list('state=withdrawn')], [1, 1])
  // What was withdrawn may be said anew.
  assert.equal((await ada.ask('POST', '/references', asked)).status, 201)
})
