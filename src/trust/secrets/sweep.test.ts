// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { looks } from './looks.ts'
import { least, type Needle, Sweep } from './sweep.ts'

const ascii = (text: string) => new TextEncoder().encode(text)

function met(needles: readonly Needle[], octets: Uint8Array, from = 0, to = octets.length) {
  const found: [number, number][] = []
  new Sweep(needles).over(octets, from, to, (needle, at) => {
    found.push([at, needles.indexOf(needle)])
  })
  return found
}

/** The same by comparing everywhere. */
function metSlowly(needles: readonly Needle[], octets: Uint8Array, from: number, to: number) {
  const found: [number, number][] = []
  const folded = (octet: number) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet)
  for (let at = from; at < to; at++)
    for (const [index, { octets: due, anyCase }] of needles.entries()) {
      const seen = octets.subarray(at, at + due.length)
      const same = (octet: number, place: number) =>
        anyCase ? folded(octet) === folded(due[place]!) : octet === due[place]
      if (seen.length === due.length && seen.every(same)) found.push([at, index])
    }
  return found
}

const everyNeedle = new Sweep(looks)

test('every needle of every rule is found at an even and at an odd address, and at both ends', () => {
  for (const { octets } of looks)
    for (const shift of [0, 1]) {
      const memory = new Uint8Array(octets.length + shift)
      memory.set(octets, shift)
      const found: number[] = []
      everyNeedle.over(memory.subarray(shift), 0, octets.length, (needle, at) => {
        if (needle.octets === octets) found.push(at)
      })
      assert.deepEqual(found, [0], `${octets.toHex()} at ${shift}`)
    }
})

test('a needle without case is found in every case, and another in its own alone', () => {
  const needles = [{ octets: ascii('Pwd'), anyCase: true }, { octets: ascii('Psk') }]
  assert.deepEqual(met(needles, ascii('PWD pwd pWd psk PSK Psk [\x17\x04')), [
    ...[[0, 0] as const, [4, 0] as const, [8, 0] as const],
    [20, 1],
  ])
})

test('what begins before, or where the next part begins, is not told, and what ends in it is', () => {
  const needles = [{ octets: ascii('needle') }]
  const octets = ascii('needle needle needle')
  assert.deepEqual(met(needles, octets, 1, 14), [[7, 0]])
  assert.deepEqual(met(needles, octets, 7, 8), [[7, 0]])
  assert.deepEqual(met(needles, octets.subarray(0, 12)), [[0, 0]])
})

test('a needle that is too short is refused', () => {
  assert.throws(() => new Sweep([{ octets: ascii('ab') }]), RangeError)
})

const seed = seedOfRun()
test(`it finds what comparing everywhere finds (seed ${seed})`, () => {
  const random = new Random(seed)
  for (let round = 0; round < 30; round++) {
    // Few different octets, so that needles lie over each other and are met often.
    const letter = () => random.oneOf([0x00, 0x41, 0x61, 0x62, 0x5b, 0x7b, 0xff])
    const some = (length: number) => Uint8Array.from({ length }, letter)
    const needles = Array.from({ length: 1 + random.below(12) }, () => ({
      octets: some(least + random.below(6)),
      anyCase: random.chance(3),
    }))
    const octets = some(random.below(5_000)).subarray(random.below(3))
    const from = random.below(octets.length + 1)
    const to = from + random.below(octets.length - from + 1)
    assert.deepEqual(met(needles, octets, from, to), metSlowly(needles, octets, from, to))
  }
})
