// SPDX-License-Identifier: Apache-2.0
/** The process of a module may have been written into: whatever comes over its pipe is read, or named and refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseDescription,
  parseFailure,
  parseFindAnswer,
  parseTokenKey,
} from '#edge/pkcs11/answers.ts'
import { encodeFrame, FrameReader, frameKinds } from '#edge/pkcs11/frames.ts'
import { publicHalf } from '#edge/pkcs11/public-half.ts'
import { encodeJson, type TokenDescription, type TokenKey } from '#edge/pkcs11/questions.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const inputs = 5_000 * depthOfRun()

const key: TokenKey = {
  ...{ id: 'key_1', label: 'key_1', keyType: 3, sensitive: true, extractable: false },
  ...{ alwaysSensitive: true, neverExtractable: true, local: true, modifiable: null },
  ...{ ecParams: '06082a8648ce3d030107', ecPoint: `044104${'11'.repeat(64)}` },
  ...{ modulus: null, publicExponent: null, value: null },
}
const description: TokenDescription = {
  ...{ serial: '1', model: 'a token', library: 'a module 1.0', hardware: false },
  ...{ mechanisms: [0x1040, 0x1041], keys: [key, { ...key, id: 'key_2', ecPoint: null }] },
}

const answers: readonly (readonly [object, (content: Uint8Array) => unknown])[] = [
  [description, parseDescription],
  [key, (content) => publicHalf(parseTokenKey(content))],
  [{ wasRefused: true }, parseFindAnswer],
  [{ verdict: 'away', message: 'it is gone' }, parseFailure],
]

test(`what is no answer is refused, however near to one it is (FUZZ_SEED=${seed})`, () => {
  const random = new Random(seed)
  for (const [answer, parse] of answers) {
    const whole = encodeJson(answer)
    assert.doesNotThrow(() => parse(whole))
    const reached = { read: 0, refused: 0 }
    for (let count = 0; count < inputs; count++) {
      try {
        parse(mutateText(random, whole))
        reached.read++
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        reached.refused++
      }
    }
    assert.ok(reached.read > 0 && reached.refused > 0, JSON.stringify(reached))
  }
})

test('a member too many, too few or of another kind makes it no answer', () => {
  for (const [answer, parse] of answers)
    for (const name of Object.keys(answer)) {
      const { [name]: _, ...rest } = Object.fromEntries(Object.entries(answer))
      for (const bent of [rest, { ...rest, [name]: {} }, { ...answer, more: 1 }, [answer]])
        assert.throws(() => parse(encodeJson(bent)), RangeError)
    }
  for (const text of ['', 'null', '1', '"', '\xff', '['.repeat(100_000)])
    assert.throws(() => parseFailure(Buffer.from(text, 'latin1')), RangeError)
})

test(`frames that were written into are frames or none (FUZZ_SEED=${seed})`, () => {
  const random = new Random(seed)
  const whole = [0, 1, 2].map((question) =>
    encodeFrame({ question, kind: frameKinds.answer, content: encodeJson(key) }),
  )
  for (let count = 0; count < inputs; count++) {
    const bytes = Buffer.concat(whole)
    for (let flips = random.below(4); flips >= 0; flips--)
      bytes[random.below(bytes.length)] = random.below(256)
    const reader = new FrameReader()
    try {
      for (let start = 0; start < bytes.length; ) {
        const end = start + 1 + random.below(bytes.length)
        let octets = 0
        for (const { content } of reader.read(Uint8Array.from(bytes.subarray(start, end))))
          octets += content.length
        assert.ok(octets <= bytes.length)
        start = end
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
})
