// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeFrame, type Frame, FrameReader, frameKinds, mostContentOctets } from './frames.ts'
import { decodeSign, encodeSign } from './questions.ts'

const frame = fc.record({
  question: fc.nat(0xffff_ffff),
  kind: fc.constantFrom(...Object.values(frameKinds)),
  content: fc.uint8Array({ maxLength: 300 }),
})

const plain = (frames: readonly Frame[]) =>
  frames.map(({ question, kind, content }) => ({ question, kind, content: content.toHex() }))

test('frames come out as they went in, however the pipe cuts them', () => {
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(encodeFrame))
        const reader = new FrameReader()
        const read: Frame[] = []
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const end = start + (cuts[turn % cuts.length] ?? 1)
          // Views do not outlive the piece: whoever keeps a content copies it.
          for (const one of reader.read(Uint8Array.from(bytes.subarray(start, end)))) read.push(one)
          start = end
        }
        assert.deepEqual(plain(read), plain(sent))
      },
    ),
  )
})

test('what is no frame is refused: too short, too long, or of a kind that nobody knows', () => {
  const head = (length: number, kind = 4) => {
    const bytes = new Uint8Array(9)
    new DataView(bytes.buffer).setUint32(0, length)
    bytes[8] = kind
    return bytes
  }
  for (const bytes of [head(4), head(0), head(mostContentOctets + 6), head(5, 77)])
    assert.throws(() => new FrameReader().read(bytes), RangeError)
  assert.equal(new FrameReader().read(head(5)).length, 1)
})

test('a question for a signature names key and form, and carries the rest as it is', () => {
  const input = Uint8Array.of(0, 1, 2, 255)
  assert.deepEqual(decodeSign(encodeSign('key_1', 'rsa-pss-sha384', input)), {
    ...{ id: 'key_1', form: 'rsa-pss-sha384', input },
  })
  assert.throws(() => decodeSign(Uint8Array.of(99, 0)), RangeError)
})
