// SPDX-License-Identifier: Apache-2.0
/** The C99 reader of clients/c against our own: the same answers, and never "fine" for what was changed. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { certificateStates } from '#format/compact-status/changes.ts'
import type { StatusFile } from '#format/compact-status/status-file.ts'
import { makeDelta } from '#trust/compact-status/delta.ts'
import { signedMessage } from '#trust/compact-status/open-status-file.ts'
import { statusOf } from '#trust/compact-status/status-of.ts'
import { depthOfRun, Random, seedOfRun } from '../fuzz/random.ts'
import { noCompiler } from '../support/bent-module.ts'
import { emulatedStatusReader, noCortexM4 } from '../support/c-cortex-m4.ts'
import { clientProgram, Driver } from '../support/c-programs.ts'
import { temporaryDirectory } from '../support/house.ts'
import { type History, randomHistory } from '../support/status-history.ts'

const answers = ['fine', 'held', 'revoked', 'expired', 'not-covered'] as const
const place = temporaryDirectory()
const random = new Random(seedOfRun())

let history: History
let reader: Driver

before(async () => {
  if (noCompiler !== false) return
  history = await randomHistory(random)
  reader = new Driver(clientProgram('status reader'))
})

after(() => reader?.end())

function keep(name: string, { bytes }: { readonly bytes: Uint8Array }): string {
  const path = join(place, name)
  writeFileSync(path, bytes)
  return path
}

const messageOf = ({ signed }: StatusFile) => Buffer.from(signedMessage(signed)).toString('hex')
const secondsOf = (at: Temporal.Instant) => Math.floor(at.epochMilliseconds / 1000)

test('the reader is small, and has no dependency', () => {
  const text = readFileSync('clients/c/vitalsign_status.c', 'utf8')
  assert.ok(text.split('\n').length <= 300, 'over 300 lines')
  assert.doesNotMatch(text, /malloc|#include <(?!string\.h)/)
})

/** Asks about every certificate of every file. */
async function answersAlike(reader: Driver): Promise<void> {
  for (const [index, { file }] of history.files.entries()) {
    const opened = await reader.ask(
      'open',
      keep('a.vss', file),
      secondsOf(file.madeAt),
      0,
      messageOf(file),
    )
    assert.equal(opened, '0', `file ${index}`)
    for (const { keySha256, serialNumber } of history.certificates) {
      const said = await reader.ask(
        'ask',
        Buffer.from(keySha256).toString('hex'),
        Buffer.from(serialNumber).toString('hex'),
      )
      assert.equal(answers[Number(said)], statusOf(file, keySha256, serialNumber))
    }
  }
}

test('on a Cortex-M4 the reader answers alike, too', { skip: noCortexM4 }, async () => {
  const emulated = new Driver(...emulatedStatusReader())
  await answersAlike(emulated)
  await emulated.end()
})

test('for every certificate of a random history both readers answer alike', {
  skip: noCompiler,
}, async () => {
  await answersAlike(reader)
  const seen = new Set(
    history.certificates.map(({ keySha256, serialNumber }) =>
      statusOf(history.files.at(-1)!.file, keySha256, serialNumber),
    ),
  )
  for (const state of [...certificateStates, 'not-covered'] as const)
    assert.ok(seen.has(state), state)
})

test('a delta gives the same file, and is refused if it was changed', {
  skip: noCompiler,
}, async () => {
  const [first, last] = [history.files[0]!.file, history.files.at(-1)!.file]
  const old = keep('old.vss', first)
  const delta = keep('d.delta', { bytes: makeDelta(first, last) })
  const made = join(place, 'new.vss')
  assert.equal(await reader.ask('apply', old, delta, made), '0')
  assert.deepEqual(new Uint8Array(readFileSync(made)), last.bytes)
  assert.equal(await reader.ask('apply', made, delta, made), '-5')
  assert.equal(
    await reader.ask('fuzz-delta', old, delta, random.bits() % 1_000_000, 1_000 * depthOfRun()),
    '0',
  )
})

test('a file of before, one of other roots and a stale one are told apart', {
  skip: noCompiler,
}, async () => {
  const [first, last] = [history.files[0]!.file, history.files.at(-1)!.file]
  const [old, path] = [keep('old.vss', first), keep('a.vss', last)]
  const message = messageOf(last)
  const end = secondsOf(last.expiresAt)
  assert.equal(await reader.ask('open', path, secondsOf(last.madeAt), 0, message), '0')
  assert.equal(await reader.ask('succeeds', old), '-6')
  assert.equal(await reader.ask('open', path, end, 0, message), '-3')
  const [{ keySha256, serialNumber }] = history.certificates as [History['certificates'][number]]
  const question = [keySha256, serialNumber].map((bytes) => Buffer.from(bytes).toString('hex'))
  assert.equal(await reader.ask('ask', ...question), '4', 'one that was not opened covers nothing')
  const ended = keep('ended.vss', { bytes: last.bytes.slice().fill(0, 60, 66) })
  assert.equal(await reader.ask('open', ended, end, 1, message), '-1')
  assert.equal(await reader.ask('open', path, end, 1, message), '0')
  assert.equal(await reader.ask('open', path, secondsOf(last.madeAt) - 601, 0, message), '-4')
  assert.equal(await reader.ask('open', path, secondsOf(last.madeAt), 0, messageOf(first)), '-2')
  assert.equal(await reader.ask('open', old, secondsOf(first.madeAt), 0, messageOf(first)), '0')
  assert.equal(await reader.ask('succeeds', path), '0')
})

test('no changed file is believed, and none makes the reader step beyond its bytes', {
  skip: noCompiler,
}, async (context) => {
  const count = 2_000 * depthOfRun()
  const { file } = history.files.at(-1)!
  const path = keep('a.vss', file)
  const covered = new Uint8Array(4)
  new DataView(covered.buffer).setUint32(
    0,
    0x4000_0000 | ((secondsOf(file.coversUntil) - 3600) & 0x3fff_ffff),
  )
  const message = messageOf(file) + Buffer.from(covered).toString('hex')
  const at = secondsOf(file.madeAt)
  await reader.ask('open', path, at, 0, message)
  const { keySha256 } = file.authorities[0]!
  const [passed, parsed] = (
    await reader.ask(
      'fuzz',
      path,
      random.bits() % 1_000_000,
      count,
      Buffer.from(keySha256).toString('hex'),
      at,
    )
  )
    .split(' ')
    .map(Number)
  assert.equal(passed, 0)
  assert.ok(parsed! > 100, `${parsed} of the changed files parsed`)
  context.diagnostic(`${parsed} of ${count} changed files parsed; none was believed`)
})
