// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { FormatError } from '../format-error.ts'
import { crc32c } from './crc32c.ts'
import { mostProxyHeaderBytes, parseProxyHeader, proxyHeaderLength } from './proxy-header.ts'

const signature = '0d0a0d0a000d0a515549540a'

/** A header as hexadecimal: version and command, family, what follows. */
function header(command: string, family: string, rest = ''): Uint8Array {
  const length = (rest.length / 2).toString(16).padStart(4, '0')
  return Uint8Array.fromHex(signature + command + family + length + rest)
}

const four = 'cb007107' + 'c0000201' + 'd431' + '20fb'
const six =
  '20010db8000000000000000000000001' + '20010db8000000000000000000000002' + 'd431' + '20fb'

function codeOf(bytes: Uint8Array): string {
  try {
    return parseProxyHeader(bytes).kind
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
}

test('the source of IPv4 and IPv6 connections is read', () => {
  assert.deepEqual(parseProxyHeader(header('21', '11', four)), {
    ...{ kind: 'source', address: '203.0.113.7', port: 54_321 },
  })
  assert.deepEqual(parseProxyHeader(header('21', '21', six)), {
    ...{ kind: 'source', address: '2001:db8::1', port: 54_321 },
  })
})

test('a proxy that speaks for itself, or of no IP address, names no source', () => {
  for (const bytes of [
    header('20', '00'),
    header('20', '11', four),
    header('20', '11'),
    header('21', '00'),
    header('21', '00', '040001ff'),
    header('21', '31', '00'.repeat(216)),
  ])
    assert.deepEqual(parseProxyHeader(bytes), { kind: 'local' })
})

test('TLVs are walked and not believed; a checksum must be right', () => {
  assert.equal(codeOf(header('21', '11', `${four}0100026832`)), 'source')
  assert.equal(codeOf(header('21', '11', `${four}01000368`)), 'truncated')
  assert.equal(codeOf(header('21', '11', `${four}0100`)), 'truncated')
  const zeroed = header('21', '11', `${four}03000400000000`)
  const sum = crc32c(zeroed).toString(16).padStart(8, '0')
  assert.equal(codeOf(header('21', '11', `${four}030004${sum}`)), 'source')
  assert.equal(codeOf(zeroed), 'value-not-allowed')
  assert.equal(codeOf(header('21', '11', `${four}0300020000`)), 'value-not-allowed')
})

test('the checksum is that of RFC 9260', () => {
  // RFC 7143 appendix A.4, "32 bytes of zeroes", as a number.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283)
})

test('what is no header of version 2 is refused at the byte that tells', () => {
  assert.equal(codeOf(new TextEncoder().encode('PROXY TCP4 203.0.113.7')), 'value-not-allowed')
  assert.equal(codeOf(Uint8Array.fromHex('160301')), 'value-not-allowed')
  assert.equal(codeOf(header('11', '11', four)), 'version-unknown')
  assert.equal(codeOf(header('22', '11', four)), 'value-not-allowed')
  assert.equal(codeOf(header('21', '12', four)), 'value-not-allowed')
  assert.equal(codeOf(header('21', '41', four)), 'value-not-allowed')
  assert.equal(codeOf(header('21', '11', four.slice(2))), 'truncated')
  assert.equal(codeOf(Uint8Array.of(...header('21', '11', four), 0)), 'trailing-bytes')
})

test('its length is known from 16 bytes on, and is bounded', () => {
  const whole = header('21', '11', four)
  for (let length = 0; length < 16; length++)
    assert.equal(proxyHeaderLength(whole.subarray(0, length)), undefined)
  assert.equal(proxyHeaderLength(whole.subarray(0, 16)), 28)
  const huge = header('21', '00', '04ffff')
  new DataView(huge.buffer).setUint16(14, mostProxyHeaderBytes)
  assert.throws(() => proxyHeaderLength(huge), { code: 'too-large' })
})

test('no bytes at all make the parser do anything but answer or refuse', () => {
  const seed = randomBytes(8).toString('hex')
  let state = Number.parseInt(seed.slice(0, 8), 16) | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const whole = header('21', '21', `${six}0100026832`)
  for (let turn = 0; turn < 5_000; turn++) {
    const bytes = Uint8Array.from(whole)
    for (let flips = next() % 4; flips >= 0; flips--) bytes[12 + (next() % 50)] = next() & 0xff
    assert.doesNotThrow(
      () => codeOf(bytes.subarray(0, next() % (bytes.length + 1))),
      `seed ${seed}`,
    )
  }
})
