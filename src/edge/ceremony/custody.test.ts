// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'
import type { ShareSet } from '#core/ceremony/vault.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { sha256 } from '#trust/digest.ts'
import {
  combineShares,
  openShare,
  type Stretch,
  sealShare,
  splitSecret,
  triesAll,
} from './custody.ts'
import { encodeShareText, parseShareText, type ShareHead, type ShareText } from './share-text.ts'

/** A stretch that costs nothing; what it costs in truth is the key store's matter. */
const stretch: Stretch = async (passphrase, salt) =>
  createSecretKey(sha256(Uint8Array.of(...new TextEncoder().encode(passphrase), ...salt)))

const head: ShareHead = {
  ...{ vault: 'ab'.repeat(16), title: 'Acme: device roots', index: 2, of: 3, needed: 2, set: 1 },
  ...{ custodian: 'Grace Hopper', stretch: { memoryKiB: 64, passes: 1, lanes: 1 } },
}

async function splitInto(needed: number, of: number) {
  const secret = random.bytes(32)
  const { shares, check, commitments } = await splitSecret(secret, { needed, of })
  const set: ShareSet = { set: 1, needed, of, sealed: true, check, commitments, custodians: [] }
  return { secret, shares, set }
}

function chosen(shares: readonly Uint8Array[], ...indices: readonly number[]) {
  return new Map(indices.map((index) => [index, shares[index - 1] ?? assert.fail()]))
}

test('all choices are said to be tried only where they are', () => {
  assert.deepEqual(
    [
      { needed: 2, of: 3 },
      { needed: 19, of: 20 },
      { needed: 2, of: 20 },
      { needed: 3, of: 12 },
      { needed: 10, of: 20 },
    ].map(triesAll),
    [true, true, true, false, false],
  )
})

test('any choice of enough shares gives the secret again, and fewer are refused', async () => {
  for (const [needed, of] of [
    [2, 3],
    [3, 5],
    [19, 20],
  ] as const) {
    const { secret, shares, set } = await splitInto(needed, of)
    const last = Array.from({ length: needed }, (_, at) => of - at)
    const whole = await combineShares(chosen(shares, ...last), set)
    assert.deepEqual(whole.kind === 'secret' && whole.secret, secret)
    const few = await combineShares(chosen(shares, ...last.slice(1)), set)
    assert.equal(few.kind === 'refused' && few.reason, 'shares-too-few')
  }
})

test('a share that was changed, or is of another secret, is named', async () => {
  const { shares, set } = await splitInto(2, 3)
  const other = await splitInto(2, 3)
  const mixed = new Map([...chosen(shares, 1), ...chosen(other.shares, 2)])
  for (const wrong of [mixed, chosen(shares.with(1, random.bytes(33)), 1, 2)]) {
    const refused = await combineShares(wrong, set)
    assert.equal(refused.kind === 'refused' && refused.reason, 'share-wrong')
    assert.match(refused.kind === 'refused' ? refused.detail : '', /share 2/)
  }
  // Two shares that changed places are not those that were given.
  const swapped = new Map([...chosen(shares, 1)].map(([, share]) => [2, share]))
  const refused = await combineShares(new Map([...swapped, ...chosen(shares, 3)]), set)
  assert.equal(refused.kind === 'refused' && refused.reason, 'share-wrong')
})

test('a sealed share opens by its passphrase alone, and under the head that it was given with', async () => {
  const share = random.bytes(33)
  const sealed = await sealShare(share, head, 'the right one', stretch, random)
  const opened = await openShare(sealed, 'the right one', stretch)
  assert.deepEqual(opened.kind === 'open' && opened.share, share)
  const reasonOf = async (changed: ShareText, passphrase = 'the right one') => {
    const read = await openShare(changed, passphrase, stretch)
    return read.kind === 'refused' ? read.reason : read.kind
  }
  assert.equal(await reasonOf(sealed, 'another one'), 'share-wrong')
  assert.equal(await reasonOf({ ...sealed, head: { ...head, index: 3 } }), 'share-wrong')
  assert.equal(await reasonOf({ ...sealed, body: sealed.body.slice(0, 20) }), 'share-damaged')
  const dear = { ...head, stretch: { memoryKiB: 9_999_999, passes: 1, lanes: 1 } }
  assert.equal(await reasonOf({ ...sealed, head: dear }), 'share-damaged')
  const plain = await sealShare(share, { ...head, stretch: undefined }, '', stretch, random)
  assert.deepEqual(plain.body, share)
})

test('a share survives being printed and typed back, and tells which line was typed wrong', async () => {
  const sealed = await sealShare(random.bytes(33), head, 'x', stretch, random)
  const text = encodeShareText(sealed)
  const read = parseShareText(text.replaceAll('\n', '\r\n'))
  assert.deepEqual(read.kind === 'share' && { head: read.head, body: read.body }, sealed)
  const lines = text.split('\n')
  let named = 0
  for (const [at, line] of lines.entries()) {
    for (const [column, digit] of [...line].entries()) {
      if (!/[0-9a-f]/.test(digit)) continue
      const typed = line.slice(0, column) + (digit === '0' ? '1' : '0') + line.slice(column + 1)
      if (typed === line) continue
      const wrong = parseShareText(lines.with(at, typed).join('\n'))
      assert.equal(wrong.kind === 'refused' && wrong.reason, 'share-damaged', typed)
      if (wrong.kind === 'refused' && /line \d of its body/.test(wrong.detail)) named++
    }
  }
  // Each line's own check finds nearly all; the sum of the whole text finds the rest.
  assert.ok(named > 120, String(named))
  for (const wrong of [
    '',
    'vitalsign ceremony share 1\n',
    text.repeat(2),
    `${text}\n`,
    text.slice(1),
  ])
    assert.equal(parseShareText(wrong).kind, 'refused')
})
