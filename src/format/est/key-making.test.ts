// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import { attributes } from '#format/oids.ts'
import {
  encodeKeyMaking,
  type KeyMaking,
  keyMakingAttribute,
  keyMakingIn,
  parseKeyMaking,
} from './key-making.ts'

const conditioned: KeyMaking = {
  source: 'getrandom',
  client: 'vitalsign-device 0.1.0',
  tests: undefined,
  kernelReady: true,
  firmware: 'pump-os 4.2.1',
}
const raw: KeyMaking = {
  source: '/dev/hwrng',
  client: 'vitalsign-device 0.1.0',
  tests: {
    samples: 1_024,
    symbolBits: 8,
    claimedMillibits: 1_000,
    alphaExponent: 30,
    window: 512,
    failuresBefore: 2,
  },
  kernelReady: undefined,
  firmware: undefined,
}

test('a statement is read as it was written, whatever is left out of it', () => {
  for (const making of [
    conditioned,
    raw,
    { ...raw, kernelReady: false },
    { ...conditioned, kernelReady: undefined },
    { ...conditioned, source: 'ä'.repeat(128) },
  ])
    assert.deepEqual(parseKeyMaking(encodeKeyMaking(making)), making)
})

test('a request without the attribute says nothing, and other attributes are passed over', () => {
  assert.equal(keyMakingIn([]), undefined)
  const other = { type: attributes.challengePassword, values: [Uint8Array.of(5, 0)] }
  assert.equal(keyMakingIn([other]), undefined)
  assert.deepEqual(keyMakingIn([other, keyMakingAttribute(raw)]), encodeKeyMaking(raw))
})

test('two statements in one request are refused', () => {
  const { type, values } = keyMakingAttribute(raw)
  const twice = { type, values: [...values, ...keyMakingAttribute(conditioned).values] }
  assert.throws(() => keyMakingIn([twice]), { code: 'value-not-allowed' })
})

test('what others agreed on with their servers is no statement of ours', () => {
  const type = attributes.registrationInfo
  const octets = (content: Uint8Array) => encodeDer((writer) => writer.octets(content))
  const theirs = encodeDer((writer) => writer.sequence(() => writer.oid(oid('1.2.3'))))
  for (const value of [
    ...[Uint8Array.of(5, 0), octets(new Uint8Array()), octets(Uint8Array.of(0x30, 0x82))],
    ...[octets(new TextEncoder().encode('serial?42')), octets(theirs)],
  ]) {
    assert.equal(keyMakingIn([{ type, values: [value] }]), undefined)
    const both = { type, values: [value, ...keyMakingAttribute(raw).values] }
    assert.deepEqual(keyMakingIn([both]), encodeKeyMaking(raw))
  }
})

test('nothing that is out of bounds can be said', () => {
  const tests = raw.tests ?? assert.fail()
  for (const wrong of [
    { ...raw, source: '' },
    { ...raw, client: 'x'.repeat(129) },
    { ...raw, tests: { ...tests, samples: 1_023 } },
    { ...raw, tests: { ...tests, symbolBits: 9 } },
    { ...raw, tests: { ...tests, alphaExponent: 41 } },
    { ...raw, tests: { ...tests, alphaExponent: 19 } },
    { ...raw, tests: { ...tests, window: 511 } },
    { ...raw, tests: { ...tests, failuresBefore: 65_536 } },
    { ...raw, tests: { ...tests, symbolBits: 1, claimedMillibits: 1_001 } },
  ])
    assert.throws(() => encodeKeyMaking(wrong), { code: 'value-not-allowed' })
})

test('what a terminal would obey cannot be said', () => {
  for (const source of ['a\nb', '\u001b[2J', 'a\u202eb', 'a\u2028b'])
    assert.throws(() => encodeKeyMaking({ ...raw, source }), { code: 'string-characters' })
})
