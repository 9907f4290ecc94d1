// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import { encodeRevoked } from '#format/x509/crl.ts'
import { newPlainEntry, readPlainEntry } from '#format/x509/plain-entry.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { Difference, entriesBySerial } from './difference.ts'

const start = Temporal.Instant.from('2026-01-01T00:00:00Z')

/** A list in the plainest way: what is on it, by serial number, in the order of its making. */
type Listed = Map<number, { readonly second: number; readonly reason: number }>

function encoded(listed: Listed): Uint8Array {
  // In the order in which the ledger walks: by time, then by the place of the certificate.
  const rows = [...listed].sort(([left, a], [right, b]) => a.second - b.second || left - right)
  return encodeRevoked(
    rows.map(([serial, { second, reason }]) => {
      const serialNumber = Uint8Array.of(1, serial >> 8, serial)
      return { serialNumber, revokedAt: start.add({ seconds: second }), reason }
    }),
  )
}

function difference(base: Uint8Array, now: Uint8Array, told: Uint8Array, random: Random) {
  const one = new Difference(base, told)
  for (const piece of cutAtEntries(now, random)) one.take(piece)
  return concatBytes(one.finish())
}

function* cutAtEntries(entries: Uint8Array, random: Random): Generator<Uint8Array> {
  let from = 0
  for (let at = 0; at < entries.length; ) {
    at = readPlainEntry(entries, at, newPlainEntry()).end
    if (at < entries.length && !random.chance(4)) continue
    yield entries.subarray(from, at)
    from = at
  }
}

/** RFC 5280 section 6.3.3, as a client does it: what the delta says counts, removeFromCRL takes away. */
function applied(list: Uint8Array, delta: Uint8Array): ReadonlyMap<string, string> {
  const all = entriesBySerial(list)
  for (const [serial, entry] of entriesBySerial(delta)) {
    if (readPlainEntry(entry, 0, newPlainEntry()).reason === 8) all.delete(serial)
    else all.set(serial, entry)
  }
  return new Map([...all].sort().map(([serial, entry]) => [serial, entry.toHex()]))
}

const plainly = (list: Uint8Array) => applied(list, new Uint8Array())

test('a delta leads from its base, and from every list between, to the list of now', () => {
  const seed = seedOfRun()
  const random = new Random(seed)
  for (let history = 0; history < 150; history++) {
    const listed: Listed = new Map()
    let second = 0
    const step = () => {
      for (let acts = random.below(6); acts > 0; acts--) {
        const serial = random.below(60)
        second += random.below(2)
        // Hold, change of mind, release: with the same time and reason now and then.
        if (listed.has(serial) && random.chance(2)) listed.delete(serial)
        else
          listed.set(serial, {
            second: random.chance(3) ? second : 1,
            reason: random.oneOf([0, 1, 6]),
          })
      }
      return encoded(listed)
    }
    for (let acts = 0; acts < 8; acts++) step()
    const base = encoded(listed)
    const between: Uint8Array[] = [base]
    let told: Uint8Array = new Uint8Array()
    for (let issue = 0; issue < 8; issue++) {
      const now = step()
      const delta = difference(base, now, told, random)
      for (const list of between)
        assert.deepEqual(applied(list, delta), plainly(now), `seed ${seed}, history ${history}`)
      between.push(now)
      told = delta
    }
  }
})

test('where nothing changed there is nothing to tell, and nothing stands in memory', () => {
  const listed: Listed = new Map()
  for (let serial = 0; serial < 2_000; serial++) listed.set(serial, { second: serial, reason: 1 })
  const base = encoded(listed)
  const one = new Difference(base, new Uint8Array())
  one.take(base)
  assert.deepEqual(one.finish(), [])
})

test('what a delta takes from the list bears the time that it had there', () => {
  const base = encoded(new Map([[7, { second: 5, reason: 6 }]]))
  const one = new Difference(base, new Uint8Array())
  const [entry] = one.finish()
  const serialNumber = Uint8Array.of(1, 0, 7)
  const revokedAt = start.add({ seconds: 5 })
  assert.deepEqual(entry, encodeRevoked([{ serialNumber, revokedAt, reason: 8 }]))
})
