// SPDX-License-Identifier: Apache-2.0
/** What a TLS server says is read by us where `doctor --tls` looks at strangers: refused by its offset, never a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import {
  parseCertificateMessage,
  parseCertificateRequest,
  parseCertificateStatus,
  parseKeyExchangeGroup,
  parseServerHello,
} from '#format/tls/server-flight.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const inputs = 20_000 * depthOfRun()

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(/\s/g, ''))
const random32 = '11'.repeat(32)
/** TLS 1.3, AES-128-GCM, X25519; then the same asking for another share. */
const modern = hex(
  `0303 ${random32} 00 1301 00 002e 002b 0002 0304 0033 0024 001d 0020 ${'22'.repeat(32)}`,
)
const retry = hex(
  `0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1301 00 000c 002b 0002 0304 0033 0002 11ec`,
)
const older = hex(`0303 ${random32} 04 01020304 c02b 00 000d 0017 0000 ff01 0001 00 0023 0000`)
const chain13 = hex('00 00001b 000002 3000 000c 0005 0008 01 000004 30020500 000003 300100 0000')
const chain12 = hex('00000b 000002 3000 000003 300100')
const request13 = hex('00 0012 000d 0004 0002 0403 002f 0006 0004 0002 3000')
const request12 = hex('01 40 0002 0403 0004 0002 3000')
const status = hex('01 000004 30020500')
const exchange = hex('03 001d 20 1234')

const parsers: readonly (readonly [
  name: string,
  seed: Uint8Array,
  (bytes: Uint8Array) => unknown,
])[] = [
  ['ServerHello of 1.3', modern, parseServerHello],
  ['HelloRetryRequest', retry, parseServerHello],
  ['ServerHello of 1.2', older, parseServerHello],
  ['Certificate of 1.3', chain13, (bytes) => parseCertificateMessage(bytes, true)],
  ['Certificate of 1.2', chain12, (bytes) => parseCertificateMessage(bytes, false)],
  ['CertificateRequest of 1.3', request13, (bytes) => parseCertificateRequest(bytes, true)],
  ['CertificateRequest of 1.2', request12, (bytes) => parseCertificateRequest(bytes, false)],
  ['CertificateStatus', status, parseCertificateStatus],
  ['ServerKeyExchange', exchange, parseKeyExchangeGroup],
]

test('what servers say is read', () => {
  const { version, suite, group, isRetry } = parseServerHello(modern)
  assert.deepEqual([version, suite, group, isRetry], [0x0304, 0x1301, 0x1d, false])
  const again = parseServerHello(retry)
  assert.deepEqual([again.group, again.share, again.isRetry], [0x11ec, undefined, true])
  const old = parseServerHello(older)
  assert.deepEqual(
    [old.version, old.extendedMasterSecret, old.secureRenegotiation, old.willSendTicket],
    [0x0303, true, true, true],
  )
  const { certificates, staple } = parseCertificateMessage(chain13, true)
  assert.deepEqual([certificates.length, staple?.toHex()], [2, '30020500'])
  assert.equal(parseCertificateMessage(chain12, false).certificates.length, 2)
  for (const names of [
    parseCertificateRequest(request13, true),
    parseCertificateRequest(request12, false),
  ])
    assert.deepEqual(
      names.map((one) => one.toHex()),
      ['3000'],
    )
  assert.equal(parseCertificateStatus(status)?.toHex(), '30020500')
  assert.equal(parseKeyExchangeGroup(exchange), 0x1d)
})

test('too many certificates, names or extensions, and one twice, are refused', () => {
  const many = (piece: string, count: number) => piece.repeat(count)
  const certificates = hex(`000055 ${many('000002 3000', 17)}`)
  assert.throws(() => parseCertificateMessage(certificates, false), { code: 'too-many' })
  const names = hex(`00 0000 0fa4 ${many('0002 3000', 1001)}`)
  assert.throws(() => parseCertificateRequest(names, false), { code: 'too-many' })
  const twice = hex(`0303 ${random32} 00 c02b 00 0008 0017 0000 0017 0000`)
  assert.throws(() => parseServerHello(twice), { code: 'extension-duplicate' })
  assert.throws(() => parseServerHello(modern.subarray(0, 60)), { code: 'truncated' })
  assert.throws(() => parseServerHello(Uint8Array.of(...older, 0)), { code: 'trailing-bytes' })
})

for (const [name, whole, parse] of parsers)
  test(`${name}, written into, is read or refused (FUZZ_SEED=${seed})`, () => {
    const random = new Random(seed)
    const reached = { read: 0, refused: 0 }
    for (let count = 0; count < inputs; count++) {
      let bytes = Uint8Array.from(whole)
      if (random.below(4) === 0) bytes = bytes.subarray(0, random.below(bytes.length))
      for (let flips = random.below(4); flips >= 0 && bytes.length > 0; flips--)
        bytes[random.below(bytes.length)] = random.below(256)
      try {
        parse(bytes)
        reached.read++
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        reached.refused++
      }
    }
    assert.ok(reached.read > 0 && reached.refused > 0, JSON.stringify(reached))
  })
