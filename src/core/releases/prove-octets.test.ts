// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { sha256 } from '#trust/digest.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { proveOctets, refuseOtherOctets } from './prove-octets.ts'
import { provedBlockOctets, refusingChange } from './proved-source.ts'

/** Seven blocks, the last of them short: more than stay in memory. */
const octets = Uint8Array.from(
  { length: 6 * provedBlockOctets + 1_000 },
  (_, index) => (index * 31 + (index >> 8)) & 0xff,
)
const digest = sha256(octets)

function opened(bytes: Uint8Array) {
  return { source: memorySource(bytes), octets: bytes.length }
}

test('what was proved reads as it lies, wherever and in whatever order', async () => {
  const proved = await proveOctets(opened(octets), digest, 'app.bin')
  assert.ok(proved.kind === 'proved')
  const { source } = proved
  assert.equal(source.size, octets.length)
  const random = new Random(seedOfRun())
  for (let turn = 0; turn < 200; turn++) {
    const [at, length] = [random.below(octets.length + 100), random.below(3 * provedBlockOctets)]
    const wanted = octets.subarray(at, at + length)
    assert.deepEqual(await source.read(at, length), wanted)
    const into = new Uint8Array(length)
    const filled = await source.fill?.(at, into)
    assert.equal(filled, wanted.length)
    assert.deepEqual(into.subarray(0, filled), wanted)
  }
})

test('what changes after it was proved is given to nobody', async () => {
  for (const change of [
    (bytes: Uint8Array) => {
      bytes[5 * provedBlockOctets]! ^= 1
    },
    (bytes: Uint8Array) => {
      bytes.copyWithin(0, 1)
    },
  ]) {
    const bytes = octets.slice()
    const proved = await proveOctets(opened(bytes), digest, 'app.bin')
    assert.ok(proved.kind === 'proved')
    change(bytes)
    const read = await refusingChange(() => proved.source.read(0, bytes.length))
    assert.ok(!(read instanceof Uint8Array) && read.reason === 'artefact-digest-differs')
    assert.match(read.detail, /app\.bin/)
  }
})

test('a source that ends earlier than it did is another one', async () => {
  let bytes = octets
  const source = {
    size: octets.length,
    read: async (at: number, length: number) => bytes.subarray(at, at + length),
  }
  const proved = await proveOctets({ source, octets: octets.length }, digest, 'app.bin')
  assert.ok(proved.kind === 'proved')
  bytes = octets.subarray(0, -1)
  await assert.rejects(proved.source.read(octets.length - 10, 10), /app\.bin/)
})

test('octets of another digest are refused before anybody reads them', async () => {
  const refused = await refuseOtherOctets(opened(octets.subarray(1)), digest, 'app.bin')
  assert.equal(refused?.reason, 'artefact-digest-differs')
  assert.equal(await refuseOtherOctets(opened(octets), digest, 'app.bin'), undefined)
})
