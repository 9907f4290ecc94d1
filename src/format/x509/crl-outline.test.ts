// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from './algorithm-identifier.ts'
import { encodeSigned } from './certificate.ts'
import { encodeRevoked, encodeTbsCrl, parseCrl, type Revocation } from './crl.ts'
import { assembleCrl, outlineCrl, outlineTbsCrl } from './crl-outline.ts'
import { encodeExtension } from './extension.ts'
import { parseNameText } from './name.ts'
import { entryTime, newPlainEntry, readPlainEntry } from './plain-entry.ts'

const algorithm = encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256)
const now = Temporal.Instant.from('2026-01-01T00:00:00Z')
const frame = {
  ...{ signatureAlgorithm: algorithm, issuer: parseNameText('CN=a') },
  ...{ thisUpdate: now, nextUpdate: now.add({ hours: 24 }) },
  extensions: [encodeExtension('cRLNumber', 7n)],
}

function revocations(count: number): readonly Revocation[] {
  return Array.from({ length: count }, (_, index) => {
    const serialNumber = Uint8Array.of(1 + (index % 127), index >> 16, index >> 8, index)
    // From 2050 on times have another type.
    const revokedAt = now.add({ hours: 24 * 365 * (index % 40) })
    const reason = [0, 1, 4, 5, 6, 8][index % 6]
    return { serialNumber, revokedAt, reason }
  })
}

test('a list that is assembled around its entries is the list that is written at once', () => {
  for (const count of [0, 1, 3, 8, 300, 3_500]) {
    for (const signatureBytes of [8, 200, 4_000]) {
      const revoked = revocations(count)
      const half = Math.floor(count / 2)
      const pieces = [revoked.slice(0, half), [], revoked.slice(half)].map(encodeRevoked)
      const sealable = assembleCrl(frame, pieces)
      const toBeSigned = encodeTbsCrl({ ...frame, revoked })
      assert.deepEqual(sealable.toBeSigned, toBeSigned)
      const signature = new Uint8Array(signatureBytes).fill(7)
      const der = sealable.seal(signature)
      assert.deepEqual(der, encodeSigned(toBeSigned, algorithm, signature))
      assert.equal(parseCrl(der).revokedCount, count)
    }
  }
})

test('an outline shows what stands around the entries, and the entries as they are', () => {
  const revoked = revocations(50)
  const toBeSigned = encodeTbsCrl({ ...frame, revoked })
  for (const outline of [
    outlineTbsCrl(toBeSigned),
    outlineCrl(encodeSigned(toBeSigned, algorithm, new Uint8Array(8))),
  ]) {
    assert.deepEqual(outline.entries, encodeRevoked(revoked))
    assert.deepEqual(outline.extensions, frame.extensions)
    assert.equal(outline.nextUpdate.equals(frame.nextUpdate), true)
  }
  assert.equal(outlineTbsCrl(encodeTbsCrl({ ...frame, revoked: [] })).entries.length, 0)
})

test('a plain entry says what the strict reader says of it', () => {
  const revoked = revocations(200)
  const entries = encodeRevoked(revoked)
  const place = newPlainEntry()
  let at = 0
  for (const { serialNumber, revokedAt, reason } of revoked) {
    readPlainEntry(entries, at, place)
    assert.deepEqual(entries.subarray(place.serialStart, place.serialEnd), serialNumber)
    assert.ok(entryTime(entries, place).equals(revokedAt))
    assert.equal(place.reason, reason)
    at = place.end
  }
  assert.equal(at, entries.length)
})

test('an entry of any other form is refused, wherever one bit differs', () => {
  const good = encodeRevoked([{ serialNumber: Uint8Array.of(1, 2, 3), revokedAt: now, reason: 1 }])
  const refused = new Set<string>()
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = Uint8Array.from(good)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    try {
      const { end, timeStart, timeEnd } = readPlainEntry(bytes, 0, newPlainEntry())
      // What passes has another serial number, digits or reason, and the same form.
      assert.deepEqual([end, timeStart, timeEnd], [good.length, 7, 22])
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      refused.add(error.code)
    }
  }
  assert.deepEqual([...refused].sort(), [
    ...['serial-number-wrong', 'tag-not-expected', 'time-malformed', 'value-not-allowed'],
  ])
  for (let length = 0; length < good.length; length++)
    assert.throws(() => readPlainEntry(good.subarray(0, length), 0, newPlainEntry()), FormatError)
})

test('reasons that say nothing, or do not exist, are no plain entry', () => {
  const at = encodeRevoked([{ serialNumber: Uint8Array.of(5), revokedAt: now, reason: 1 }])
  for (const reason of [0, 7, 11, 255]) {
    const bytes = Uint8Array.from(at)
    bytes[bytes.length - 1] = reason
    assert.throws(() => readPlainEntry(bytes, 0, newPlainEntry()), /value is not allowed/)
  }
})
