// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseIndexLine } from './openssl-index.ts'
import { type IssuedForm, readIssuedList } from './read-issued-list.ts'

async function* chunksOf(text: string, size = 7) {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function read(form: IssuedForm, text: string) {
  return Array.fromAsync(readIssuedList(form, chunksOf(text)))
}

const der = Uint8Array.fromHex('3003020101')
const base64 = der.toBase64()
const inForce = { inForce: true, serialNumber: undefined }
const at = Temporal.Instant.from('2026-03-01T10:00:00Z')

test('our own form tells certificates, revoked certificates and bare revocations apart', async () => {
  const rows = await read(
    'csv',
    `serialNumber,certificate,revokedAt,reason,remark\n,${base64},,,\n,${base64},2026-03-01T10:00:00Z,keyCompromise,x\n8F:02,,2026-03-01T10:00:00Z,4,\n8f02,,,,\n,***,,,\n`,
  )
  assert.deepEqual(rows, [
    { kind: 'certificate', row: 2, certificate: der, revoked: undefined, listed: inForce },
    {
      ...{ kind: 'certificate', row: 3, certificate: der, revoked: { at, reason: 1 } },
      listed: { inForce: false, serialNumber: undefined },
    },
    {
      kind: 'revocation',
      row: 4,
      serialNumber: Uint8Array.of(0, 0x8f, 2),
      revoked: { at, reason: 4 },
    },
    {
      kind: 'wrong',
      row: 5,
      fault: 'the certificate is missing; only a revocation can stand without it',
    },
    { kind: 'wrong', row: 6, fault: 'certificate: not base64' },
  ])
})

test("a row of EJBCA's CertificateData is read by its status", async () => {
  const head =
    'fingerprint,base64Cert,serialNumber,status,revocationDate,revocationReason,username\n'
  const milliseconds = at.epochMilliseconds
  const rows = await read(
    'ejbca',
    `${head}a,${base64},99,20,-1,-1,u\nb,${base64},99,40,${milliseconds},4,u\nc,,255,40,${milliseconds},-1,u\nd,${base64},9,60,-1,-1,u\ng,${base64},9,60,${milliseconds},8,u\nh,${base64},257,60,${milliseconds},5,u\ni,${base64},9,70,-1,-1,u\ne,,xx,40,${milliseconds},1,u\nf,${base64},9,40,soon,1,u\n`,
  )
  assert.deepEqual(
    rows.map((row) => (row.kind === 'wrong' ? row.fault : [row.kind, row.revoked?.reason])),
    [
      ['certificate', undefined],
      ['certificate', 4],
      ['revocation', 0],
      ['certificate', undefined],
      ['certificate', undefined],
      ['certificate', 5],
      'status: "70" is none of EJBCA\'s',
      'serialNumber: "xx" is no serial number in decimal',
      'revocationDate: "soon" is no time in Unix milliseconds',
    ],
  )
  const archived = rows[5]?.kind === 'certificate' ? rows[5].listed : undefined
  assert.deepEqual(archived, { inForce: false, serialNumber: Uint8Array.of(1, 1) })
  assert.deepEqual(rows[2]?.kind === 'revocation' && rows[2].serialNumber, Uint8Array.of(0, 255))
})

test("step-ca's two tables are read as they are exported", async () => {
  assert.deepEqual(
    await read('step-ca', `nkey,nvalue\n12,"${base64.slice(0, 4)}\n${base64.slice(4)}"\n`),
    [{ kind: 'certificate', row: 2, certificate: der, revoked: undefined, listed: undefined }],
  )
  const revoked = JSON.stringify({ Serial: '257', ReasonCode: 1, RevokedAt: at.toString() })
  const expected = {
    kind: 'revocation',
    serialNumber: Uint8Array.of(1, 1),
    revoked: { at, reason: 1 },
  }
  const quoted = `"${revoked.replaceAll('"', '""')}"`
  const coded = new TextEncoder().encode(revoked).toBase64()
  assert.deepEqual(await read('step-ca-revoked', `nkey,nvalue\n257,${quoted}\n257,${coded}\n`), [
    { ...expected, row: 2 },
    { ...expected, row: 3 },
  ])
  for (const [value, fault] of [
    ['{', /not the JSON/],
    ['n*l', /not base64/],
    ['bnVsbA==', /not an object/],
    ['_w==', /not base64/],
    ['/w==', /not UTF-8/],
    ['{""Serial"":""-1""}', /no serial number/],
  ] as const) {
    const [row] = await read('step-ca-revoked', `nvalue\n"${value}"\n`)
    assert.match(row?.kind === 'wrong' ? row.fault : 'was read', fault)
  }
})

test('PEM is read block by block, and a broken block does not hide the next', async () => {
  const block = `-----BEGIN CERTIFICATE-----\r\n${base64}\r\n-----END CERTIFICATE-----\r\n`
  const broken = block.replace(base64, '!!')
  const rows = await read(
    'pem',
    `words\n${block}${broken}${block}-----BEGIN CERTIFICATE-----\n${base64}`,
  )
  assert.deepEqual(
    rows.map((row) => [row.row, row.kind]),
    [
      [2, 'certificate'],
      [5, 'wrong'],
      [8, 'certificate'],
      [11, 'wrong'],
    ],
  )
  const endless = await read('pem', `-----BEGIN CERTIFICATE-----\n${'QUJD\n'.repeat(20_000)}`)
  assert.match(endless[0]?.kind === 'wrong' ? endless[0].fault : '', /more than 65536 characters/)
})

test('a list that cannot be read says where', async () => {
  for (const [form, text, message, row] of [
    ['csv', '', /the file is empty/, 1],
    ['csv', 'serialNumber\n', /no column certificate; known are certificate,/, 1],
    ['ejbca', 'base64Cert,base64Cert\n', /column base64Cert stands twice/, 1],
    ['csv', `certificate\n${base64}\n"x`, /quote is not closed/, 3],
  ] as const) {
    await assert.rejects(read(form, text), { name: 'ListFault', message, row })
  }
})

test('a line of an index of openssl is read, with both ways of writing a time', () => {
  assert.deepEqual(parseIndexLine('V\t301231235959Z\t\t8F01\tunknown\t/CN=x'), {
    serialHex: '8F01',
    serialNumber: Uint8Array.of(0, 0x8f, 1),
    revoked: undefined,
  })
  const line = (revocation: string) =>
    parseIndexLine(`R\t301231235959Z\t${revocation}\t01\tunknown\t/`)
  assert.deepEqual(line('260301100000Z,keyCompromise').revoked, { at, reason: 1 })
  assert.deepEqual(line('20260301100000Z').revoked, { at, reason: 0 })
  assert.deepEqual(line('260301100000Z,holdInstruction,1.2.840').revoked, { at, reason: 6 })
  for (const [text, message] of [
    ['V\tx', /2 fields where an index has 6/],
    ['X\t\t\t01\t\t', /state "X" is none of V, R and E/],
    ['R\t\tyesterday\t01\t\t', /"yesterday" is no time/],
    ['R\t\t269901100000Z\t01\t\t', /is no time/],
    ['R\t\t260301100000Z,because\t01\t\t', /no reason of RFC 5280/],
    ['V\t\t\tzz\t\t', /no serial number in hexadecimal/],
  ] as const) {
    assert.throws(() => parseIndexLine(text), { name: 'RowFault', message })
  }
})
