// SPDX-License-Identifier: Apache-2.0
/**
 * What was acknowledged is on disk: shown on the system calls of a real process, since killing a
 * process cannot show it (the kernel keeps what was written). The last tests turn the waiting for
 * the disk off and demand that the same checks fail.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseName } from '#edge/store/open-store.ts'
import { withDirectory } from '#edge/store/store-testing.ts'
import { nameOf, wrongsOf } from './changes.ts'
import { ForgetfulDisk } from './power-cut.ts'
import { hasStrace, recordSystemCalls, type SystemCall } from './system-calls.ts'

const changes = 120
const atOnce = 6
const seed = 20_260_101
const skip = hasStrace || process.env.PEERS === 'required' ? false : 'strace is missing'
const wal = `${databaseName}-wal`

const record = (synchronous: string) =>
  recordSystemCalls('numbered-changes.ts', String(changes), String(atOnce), synchronous)
let honest: Promise<readonly SystemCall[]> | undefined
const honestCalls = () => {
  honest ??= record('FULL')
  return honest
}

for (const step of ['asked', 'sent', 'committed', 'acknowledged'])
  for (const number of [1, 20, 61])
    test(`killed when change ${number} is ${step}, a process has lost nothing that it acknowledged`, () =>
      withDirectory(async (directory) => {
        const program = join(import.meta.dirname, 'numbered-changes.ts')
        const words = [program, directory, changes, atOnce, 'FULL', step, number].map(String)
        const { signal, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
        assert.equal(signal, 'SIGKILL')
        assert.deepEqual(wrongsOf(join(directory, databaseName), acknowledged(stdout)), [])
      }))

test('every change is acknowledged after a sync of the WAL that began after it was written', {
  skip,
}, async () => {
  const calls = await honestCalls()
  assert.equal(acknowledgements(calls).length, changes)
  assert.deepEqual(acknowledgedUnsynced(calls), [])
})

test('a process that dies after any of its system calls leaves every change whole or absent', {
  skip,
}, async () => {
  const states = afterCrashes(await honestCalls())
  assert.deepEqual(await firstWrongs(states), [])
})

test('a power cut at any moment loses nothing that was acknowledged', { skip }, async (t) => {
  t.diagnostic(`seed ${seed}`)
  const states = afterPowerCuts(await honestCalls())
  assert.deepEqual(await firstWrongs(states), [])
})

test('a store that does not wait for the disk fails the order of its calls and the power cut', {
  skip,
}, async () => {
  const calls = await record('OFF')
  assert.equal(acknowledgements(calls).length, changes)
  assert.equal(acknowledgedUnsynced(calls).length, changes)
  const wrongs = await firstWrongs(afterPowerCuts(calls))
  assert.match(wrongs.join(), /was acknowledged and is lost/)
})

/** The changes that were acknowledged before a sync covered what was first written of them. */
function acknowledgedUnsynced(calls: readonly SystemCall[]): number[] {
  return acknowledgements(calls)
    .filter(({ number, at }) => {
      const name = Buffer.from(nameOf(number))
      const written = calls.findIndex(
        (call) =>
          call.kind === 'write' && call.name === wal && Buffer.from(call.bytes).includes(name),
      )
      assert.ok(written >= 0, `change ${number} was never written to the WAL`)
      const begun = calls.findIndex(
        (call, index) => index > written && call.kind === 'sync-begins' && call.name === wal,
      )
      const ended = calls.findIndex(
        (call, index) => index > begun && call.kind === 'sync-ends' && call.name === wal,
      )
      return begun < 0 || ended < 0 || ended > at
    })
    .map(({ number }) => number)
}

interface State {
  readonly told: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly acknowledged: readonly number[]
}

/** The files after each fourth call, and around each sync. */
function* afterCrashes(calls: readonly SystemCall[]): Generator<State> {
  for (const [index, disk, known] of moments(calls))
    if (index % 4 === 0 || calls[index]?.kind.startsWith('sync'))
      yield { told: `crash after call ${index}`, files: disk.asSeen(), acknowledged: known }
}

/** The files after a cut at each acknowledgement and sync: all uncertain writes lost, or by chance. */
function* afterPowerCuts(calls: readonly SystemCall[]): Generator<State> {
  const chance = generator(seed)
  for (const [index, disk, known] of moments(calls)) {
    const { kind } = calls[index]!
    if (kind !== 'told' && !kind.startsWith('sync')) continue
    const told = `power cut after call ${index}`
    yield {
      told: `${told}, all lost`,
      files: disk.afterPowerCut(() => 'lost'),
      acknowledged: known,
    }
    for (let round = 0; round < 2; round++) {
      const files = disk.afterPowerCut(
        () => (['lost', 'kept', 'kept', 'torn'] as const)[chance(4)]!,
      )
      yield { told: `${told}, seed ${seed} round ${round}`, files, acknowledged: known }
    }
  }
}

function* moments(calls: readonly SystemCall[]): Generator<[number, ForgetfulDisk, number[]]> {
  const disk = new ForgetfulDisk()
  const known: number[] = []
  for (const [index, call] of calls.entries()) {
    disk.apply(call)
    if (call.kind === 'told') known.push(...acknowledged(call.text))
    yield [index, disk, known]
  }
}

/** What is wrong with the first state that is wrong. */
async function firstWrongs(states: Iterable<State>): Promise<string[]> {
  let count = 0
  for (const state of states) {
    count++
    const wrongs = await wrongsAfter(state)
    if (wrongs.length > 0) return [state.told, ...wrongs]
  }
  assert.ok(count > 200, `only ${count} states were looked at`)
  return []
}

function wrongsAfter({ files, acknowledged: known }: State): Promise<string[]> {
  return withDirectory(async (directory) => {
    for (const [name, bytes] of files)
      if (!name.endsWith('-shm')) writeFileSync(join(directory, name), bytes) // shared memory dies
    try {
      return wrongsOf(join(directory, databaseName), known)
    } catch (error) {
      return [`cannot be opened: ${error}`]
    }
  })
}

function acknowledgements(calls: readonly SystemCall[]): { number: number; at: number }[] {
  return calls.flatMap((call, at) =>
    call.kind === 'told' ? acknowledged(call.text).map((number) => ({ number, at })) : [],
  )
}

function acknowledged(text: string): number[] {
  return Array.from(text.matchAll(/acknowledged (\d+)\n/g), ([, number]) => Number(number))
}

/** Numerical Recipes' generator: numbers from 0 up to, not including, the bound. */
function generator(state: number): (bound: number) => number {
  let last = state
  return (bound) => {
    last = (Math.imul(last, 1_664_525) + 1_013_904_223) >>> 0
    return (last >>> 16) % bound
  }
}
