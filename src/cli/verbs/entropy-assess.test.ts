// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { Stop } from '../stop.ts'
import { assessEntropy } from './entropy-assess.ts'
import type { Call } from './verb.ts'

const place = temporaryDirectory()
after(() => rmSync(place, { recursive: true }))

function fileOf(name: string, samples: Uint8Array): string {
  const path = join(place, name)
  writeFileSync(path, samples)
  return path
}

/** Octets that nothing tells from chance, always the same. */
function even(length: number): Uint8Array {
  const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16))
  return cipher.update(new Uint8Array(length))
}

/** Runs the command. @returns what it wrote, and its hints; or why it stopped */
async function run(said: Readonly<Record<string, unknown>>, input?: Uint8Array) {
  let out = ''
  const hints: string[] = []
  const call = {
    said: {
      has: (name: string) => said[name] === true,
      text: (name: string) => said[name],
      value: (name: string) => said[name],
    },
    terminal: {
      columns: undefined,
      paint: (_: string, text: string) => text,
      write: async (text: string) => {
        out += text
      },
      hint: (text: string) => hints.push(text),
      progress: () => ({ update() {}, end() {} }),
      waiting: <T>(_: string, promise: Promise<T>) => promise,
      async *input() {
        if (input !== undefined) yield input
      },
    },
  } as unknown as Call
  try {
    return { status: await assessEntropy(call), out, hints }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return { status: error.status, out: error.message, hints: [error.hint ?? ''] }
  }
}

test('a file is given an upper bound, which is called one, with the estimate that gave it', async () => {
  const leaning = even(20_000).map((octet) => (octet < 200 ? 1 : 0))
  const { status, out, hints } = await run({ file: fileOf('leaning', leaning) })
  assert.equal(status, 0)
  assert.match(out, /^at most 0\.\d{4} bits of min-entropy in a sample of 1: /)
  assert.match(out, /An upper bound, no assessment: .* ten estimators, and these are six\.\n$/)
  assert.match(out, /longest repeated substring {2}6\.3\.6/)
  assert.match(hints[0] ?? '', /asks for 1000000 consecutive samples; these are 20000/)
})

test('programs read every estimate, and the warnings', async () => {
  const path = fileOf('even', even(30_000))
  const { out } = await run({ file: path, json: true, samples: 20_000, skip: 5_000 })
  const found = JSON.parse(out)
  assert.equal(found.isUpperBound, true)
  assert.deepEqual([found.samples, found.symbolBits, found.estimates.length], [20_000, 8, 9])
  assert.equal(found.atMostBits, Math.min(found.ofSamples, 8 * found.ofBits))
  assert.equal(found.looksConditioned, true)
  assert.match(found.warnings[1], /looks like conditioned output; .* says nothing about the noise/)
  assert.match(found.warnings[2], /has more than the 20000 samples that were assessed/)
})

test('samples come from standard input, too, and several may stand in an octet', async () => {
  const { out } = await run({ file: '-', json: true, bits: 2, packed: true }, even(1_000))
  const found = JSON.parse(out)
  assert.deepEqual([found.file, found.samples, found.symbolBits], ['standard input', 4_000, 2])
})

test('samples that are passed over are counted, also within an octet', async () => {
  const octets = even(1_000)
  octets.fill(0b11_11_11_00, 0, 50)
  // 50 octets hold 200 samples of 2 bits, of which the last is the first that may be anything but 3.
  const said = { json: true, bits: 2, packed: true, samples: 100, skip: 3 }
  const found = JSON.parse((await run({ file: '-', ...said }, octets)).out)
  assert.deepEqual([found.samples, found.distinct], [100, 2])
  assert.equal(found.estimates[0].facts.count, 75)
  const rest = JSON.parse(
    (await run({ file: '-', ...said, samples: 9_999, skip: 203 }, octets)).out,
  )
  assert.equal(rest.samples, 4 * 1_000 - 203)
})

test('the width of a sample is the least that holds all of them, unless it is said', async () => {
  const path = fileOf(
    'narrow',
    even(2_000).map((octet) => octet & 5),
  )
  assert.equal(JSON.parse((await run({ file: path, json: true })).out).symbolBits, 3)
  assert.equal(JSON.parse((await run({ file: path, json: true, bits: 8 })).out).symbolBits, 8)
})

test('what looks like no samples is said to look so', async () => {
  const digits = fileOf('digits', new TextEncoder().encode('0110\n'.repeat(500)))
  assert.ok((await run({ file: digits })).hints.some((hint) => hint.includes('looks like text')))
  const stuck = fileOf('stuck', new Uint8Array(2_000))
  const { out, hints } = await run({ file: stuck })
  assert.match(out, /^at most 0\.0000 bits/)
  assert.ok(hints.some((hint) => hint.includes('the source is stuck')))
})

test('what cannot be assessed is refused by what is wrong with it', async () => {
  const path = fileOf('few', new Uint8Array(99))
  for (const [said, status, words] of [
    [{ file: path }, 1, /has 99 samples; of fewer than 100 nothing can be said/],
    [{ file: path, skip: 50 }, 1, /has 49 samples after the first 50/],
    [{ file: fileOf('wide', even(200)), bits: 4 }, 1, /sample \d+ of .*wide is \d+, wider than 4/],
    [{ file: join(place, 'none') }, 2, /cannot be read: no such file/],
    [{ file: place }, 2, /cannot be read: .*directory/],
    [{ file: path, packed: true }, 2, /--packed needs --bits 1, 2, 4 or 8/],
    [{ file: path, bits: 9 }, 2, /--bits 9 is no whole number from 1 to 8/],
    [{ file: path, samples: 10_000_000 }, 2, /from 1 to 8388608/],
  ] as const) {
    const ended = await run(said)
    assert.equal(ended.status, status, ended.out)
    assert.match(ended.out, words)
  }
})
