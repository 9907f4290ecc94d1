// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeTimeStampRequest, parseTimeStampRequest } from './request.ts'
import {
  encodeGranted,
  encodeRejected,
  parseTimeStampResponse,
  type StampFailure,
  stampFailures,
} from './response.ts'
import { encodeTstInfo, parseTstInfo, type TstInfo } from './tst-info.ts'

const policy = oid('1.2.3.4.1')
const messageImprint = {
  hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256, Uint8Array.of(5, 0)),
  hashedMessage: new Uint8Array(32).fill(7),
}
const request = {
  ...{ messageImprint, policy, nonce: Uint8Array.of(0, 0x80, 1), wantsCertificate: true },
} as const

/** `openssl ts -query -data /dev/null -sha256 -tspolicy 1.2.3.4.1 -cert` of OpenSSL 3.0. */
const query =
  '304a0201013031300d060960864801650304020105000420e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c' +
  'a495991b7852b85506042a0304010209009d42efa487d9b9f00101ff'

test('a request of OpenSSL is read, and written again octet by octet', () => {
  const bytes = Uint8Array.fromHex(query)
  const read = parseTimeStampRequest(bytes)
  assert.deepEqual(
    [read.policy, read.wantsCertificate, read.nonce?.toHex()],
    [policy, true, '009d42efa487d9b9f0'],
  )
  assert.deepEqual(encodeTimeStampRequest(read), bytes)
})

test('what may be left out of a request is left out', () => {
  const bare = { messageImprint, policy: undefined, nonce: undefined, wantsCertificate: false }
  const read = parseTimeStampRequest(encodeTimeStampRequest(bare))
  assert.deepEqual([read.policy, read.nonce, read.wantsCertificate], [undefined, undefined, false])
})

test('another version, an extension, a written default and what follows are refused', () => {
  const bytes = encodeTimeStampRequest(request)
  const version = bytes.slice()
  version[4] = 2
  const cases = [
    [version, 'version-unknown'],
    [
      withEnd(
        bytes,
        encodeDer((writer) => writer.context(0, () => writer.null())),
      ),
      'extension-unknown-critical',
    ],
    [
      withEnd(
        encodeTimeStampRequest({ ...request, wantsCertificate: false }),
        Uint8Array.of(1, 1, 0),
      ),
      'default-encoded',
    ],
    [Uint8Array.of(...bytes, 0), 'trailing-bytes'],
    [bytes.subarray(0, -1), 'truncated'],
  ] as const
  for (const [bent, code] of cases)
    assert.throws(
      () => parseTimeStampRequest(bent),
      (error) => error instanceof FormatError && error.code === code,
      code,
    )
})

/** One more value at the end of a SEQUENCE with a short length. */
function withEnd(sequence: Uint8Array, value: Uint8Array): Uint8Array {
  const longer = Uint8Array.of(...sequence, ...value)
  longer[1] = (longer[1] ?? 0) + value.length
  return longer
}

test('each failure has its bit, and a granted answer its token', () => {
  for (const failure of Object.keys(stampFailures) as StampFailure[]) {
    const read = parseTimeStampResponse(encodeRejected(failure, 'no'))
    assert.deepEqual(read, { kind: 'rejected', text: 'no', failure })
  }
  const token = encodeDer((writer) => writer.sequence(() => writer.null()))
  assert.deepEqual(parseTimeStampResponse(encodeGranted(token)), { kind: 'granted', token })
  // A status that grants, and no token; and the other way round.
  for (const hex of ['30053003020100', '300730030201020500'])
    assert.throws(() => parseTimeStampResponse(Uint8Array.fromHex(hex)), FormatError)
})

const info: TstInfo = {
  ...{ policy, messageImprint, serialNumber: Uint8Array.of(0x41, 2) },
  genTime: Temporal.Instant.from('2027-01-02T03:04:05Z'),
  accuracy: Temporal.Duration.from({ seconds: 1, milliseconds: 500, microseconds: 7 }),
  ...{ ordering: true, nonce: request.nonce },
}

test('what a time-stamp says is read as it was written', () => {
  const plain = { ...info, accuracy: undefined, ordering: false, nonce: undefined }
  for (const one of [info, plain]) {
    const read = parseTstInfo(encodeTstInfo(one))
    assert.deepEqual(
      [read.genTime, read.accuracy, read.ordering],
      [one.genTime, one.accuracy, one.ordering],
    )
    assert.deepEqual(
      [read.nonce, read.serialNumber, read.policy],
      [one.nonce, one.serialNumber, policy],
    )
  }
})

test('a time may have a fraction that ends in no zero, and nothing else', () => {
  const written = Buffer.from('20270102030405Z').toString('hex')
  const hex = encodeTstInfo({ ...info, accuracy: undefined, nonce: undefined }).toHex()
  assert.match(hex, /^30(?!8)/)
  const genTimeOf = (text: string) => {
    const octets = (count: number) => count.toString(16).padStart(2, '0')
    const value = `18${octets(text.length)}${Buffer.from(text).toString('hex')}`
    const content = hex.slice(4).replace(`180f${written}`, value)
    return parseTstInfo(Uint8Array.fromHex(`30${octets(content.length / 2)}${content}`)).genTime
  }
  assert.equal(`${genTimeOf('20270102030405.123456789Z')}`, '2027-01-02T03:04:05.123456789Z')
  for (const text of [
    '20270102030405.120Z',
    '20270102030405.Z',
    '20270102030405',
    '20271302030405Z',
    '202701020304Z',
  ])
    assert.throws(() => genTimeOf(text), FormatError, text)
})
