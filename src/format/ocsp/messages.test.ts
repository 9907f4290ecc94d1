// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms, ocspTypes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { parseNameText } from '#format/x509/name.ts'
import type { CertId } from './cert-id.ts'
import { encodeArchiveCutoff, encodeNonce, readNonce } from './nonce.ts'
import { encodeOcspRequest, parseOcspRequest } from './request.ts'
import {
  encodeOcspError,
  encodeOcspResponse,
  parseOcspResponse,
  responseStatuses,
} from './response.ts'
import { encodeResponseData, type ResponseData } from './response-data.ts'

const now = Temporal.Instant.from('2026-05-01T12:00:00Z')
const certId: CertId = {
  hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256),
  issuerNameHash: new Uint8Array(32).fill(1),
  issuerKeyHash: new Uint8Array(32).fill(2),
  serialNumber: Uint8Array.of(0x4a, 1, 2, 3),
}
const question = { certId, extensions: [] }
const data: Omit<ResponseData, 'nonce'> = {
  responder: { kind: 'key', keyHash: new Uint8Array(20).fill(3) },
  producedAt: now,
  responses: [
    {
      ...{ certId, status: { kind: 'good' }, extensions: [] },
      ...{ thisUpdate: now, nextUpdate: now.add({ hours: 1 }) },
    },
  ],
  extensions: [],
}

function signed(parts: Partial<ResponseData>, certificates: readonly Uint8Array[] = []) {
  const response = parseOcspResponse(
    encodeOcspResponse({
      tbs: encodeResponseData({ ...data, ...parts }),
      signatureAlgorithm: encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256),
      signature: new Uint8Array(64).fill(9),
      certificates,
    }),
  )
  return response.kind === 'successful' ? response : assert.fail(response.kind)
}

test('a request is read as it was written', () => {
  const nonce = new Uint8Array(32).fill(5)
  const read = parseOcspRequest(
    encodeOcspRequest({ requests: [question, question], extensions: [encodeNonce(nonce)] }),
  )
  assert.equal(read.requests.length, 2)
  assert.deepEqual(read.requests[1]?.certId, certId)
  assert.deepEqual(read.nonce, nonce)
  assert.equal(parseOcspRequest(encodeOcspRequest({ requests: [question] })).nonce, undefined)
})

test('a request that asks nothing, and an answer that says nothing, are not written', () => {
  assert.throws(() => encodeOcspRequest({ requests: [] }), { code: 'element-missing' })
  assert.throws(() => encodeResponseData({ ...data, responses: [] }), { code: 'element-missing' })
})

test('a nonce has from 1 to 128 octets', () => {
  for (const length of [1, 32, 128])
    assert.equal(readNonce([encodeNonce(new Uint8Array(length))])?.length, length)
  for (const length of [0, 129, 4096])
    assert.throws(() => readNonce([encodeNonce(new Uint8Array(length))]), {
      code: 'value-not-allowed',
    })
})

test('each status is read as it was written, seconds and reason too', () => {
  const statuses = [
    { kind: 'good' },
    { kind: 'unknown' },
    { kind: 'revoked', at: now, reason: undefined },
    { kind: 'revoked', at: now, reason: 6 },
  ] as const
  for (const status of statuses) {
    const [answer] = data.responses
    const { responses } = signed({ responses: [{ ...answer!, status }] })
    const read = responses[0]?.status
    assert.equal(read?.kind, status.kind)
    if (read?.kind !== 'revoked' || status.kind !== 'revoked') continue
    assert.equal(read.reason, status.reason)
    assert.ok(read.at.equals(now))
  }
})

test('an answer keeps what was signed to the byte, with nonce, name and certificates', () => {
  const nonce = new Uint8Array(32).fill(5)
  const certificate = Uint8Array.of(0x30, 3, 2, 1, 1)
  const parts = {
    responder: { kind: 'name', name: parseNameText('CN=Responder') },
    extensions: [encodeNonce(nonce)],
  } as const
  const read = signed(parts, [certificate, certificate])
  assert.deepEqual(read.tbs, encodeResponseData({ ...data, ...parts }))
  assert.deepEqual(read.nonce, nonce)
  assert.deepEqual(read.certificates, [certificate, certificate])
  assert.equal(read.responder.kind, 'name')
})

test('an answer may say since when it counts for certificates that have ended', () => {
  const [answer] = data.responses
  const { responses } = signed({
    responses: [{ ...answer!, extensions: [encodeArchiveCutoff(now)] }],
  })
  const [extension] = responses[0]?.extensions ?? []
  assert.equal(extension?.oid, ocspTypes.archiveCutoff)
  assert.equal(new TextDecoder().decode(extension?.value.subarray(2)), '20260501120000Z')
})

test('each word of an error is read as it was written, and carries nothing else', () => {
  for (const kind of Object.keys(responseStatuses) as (keyof typeof responseStatuses)[]) {
    if (kind === 'successful') continue
    const der = encodeOcspError(kind)
    assert.equal(der.length, 5)
    assert.deepEqual(parseOcspResponse(der), { kind })
  }
})
