// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { FormatError } from '../format-error.ts'
import { encodeRevoked, type Revocation } from './crl.ts'
import { PlainEntries } from './plain-entry.ts'

/** Around these the day, the year or the type of a time changes. */
const edges = ['1900-03-01', '1950-01-01', '1970-01-01', '2000-02-29', '2026-12-31', '2050-01-01']

test('entries that are written one after the other are those that the writer of any DER writes', () => {
  const seed = seedOfRun()
  const random = new Random(seed)
  const revoked = Array.from({ length: 2_000 }, (): Revocation => {
    const edge = Temporal.Instant.from(`${edges[random.below(edges.length)]}T00:00:00Z`)
    const serialNumber = random.bytes(1 + random.below(20))
    serialNumber[0] = 1 + random.below(127)
    const revokedAt = edge.add({ seconds: random.below(400_000) - 200_000 })
    const reason = random.below(10)
    return { serialNumber, revokedAt, reason: reason < 7 ? reason : reason + 1 }
  })
  const entries = new PlainEntries()
  for (const { serialNumber, revokedAt, reason = 0 } of revoked) {
    // Wherever it stands, and whatever the fraction of its second.
    const around = Uint8Array.of(0xff, ...serialNumber, 0xff)
    const at = revokedAt.epochMilliseconds + random.below(1_000)
    entries.add(around, 1, 1 + serialNumber.length, at, reason)
  }
  assert.deepEqual(entries.take(), encodeRevoked(revoked), `seed ${seed}`)
  assert.equal(entries.take().length, 0)
})

test('a serial number that no list may name is not written', () => {
  const entries = new PlainEntries()
  const long = new Uint8Array(21).fill(1)
  for (const serial of [[], [0], [0, 1], [0x80], [...long]]) {
    const bytes = Uint8Array.from(serial)
    assert.throws(() => entries.add(bytes, 0, bytes.length, 0, 1), FormatError)
  }
  assert.throws(() => entries.add(long, 0, 22, 0, 1), FormatError)
})
