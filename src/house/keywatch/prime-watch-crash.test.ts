// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { newPrime, primeToBeTold, subsetOf, toldOf } from '../../../test/support/watched-fleet.ts'
import { openPrimeWatch } from './prime-watch.ts'

const support = new URL('../../../test/support/', import.meta.url)
const [within, across] = [newPrime(), newPrime()]
const yesterday = subsetOf(1, 140, [across, within, within])
const today = subsetOf(1_001, 90, [across])
const expected = [primeToBeTold(within, [2, 3]), primeToBeTold(across, [1, 1_001])].sort()
const evening = temporaryDirectory()

before(async () => {
  const watch = await openPrimeWatch(evening)
  await watch.add(yesterday)
  await watch.run()
  await watch.close()
  // In whole seconds: a copy keeps no finer part of a time faithfully.
  for (const name of readdirSync(evening)) utimesSync(join(evening, name), 1e9, 1e9)
})

/** The day as it begins in the evening's directory, ended at one of its files. */
async function day(killedAt: number, when: 'before' | 'after') {
  const directory = join(temporaryDirectory(), 'watch')
  const counts = join(temporaryDirectory(), 'counts')
  cpSync(evening, directory, { recursive: true, preserveTimestamps: true })
  writeFileSync(counts, '')
  const child = fork(new URL('prime-watch-day.ts', support), [directory], {
    execArgv: [
      ...['--disable-warning=ExperimentalWarning', '--import'],
      new URL('kill-at-rename.ts', support).href,
    ],
    env: { ...process.env, KILL_COUNTS: counts, KILL_AT: String(killedAt), KILL_WHEN: when },
    serialization: 'advanced',
  })
  child.send([...today])
  const [status, signal] = await once(child, 'exit')
  return { directory, status, signal, files: readFileSync(counts).length }
}

/** Of the product of yesterday: that it is still the very file. */
function productOf(directory: string): string {
  const names = readdirSync(directory).filter((name) => name.endsWith('.product'))
  const [name = ''] = names.sort()
  return `${name} ${statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs}`
}

async function whatTheNextDayTells(directory: string) {
  const product = productOf(directory)
  const watch = await openPrimeWatch(directory)
  // The ledger is the truth: all of it is given again.
  await watch.add([...yesterday, ...today])
  const told = toldOf(await watch.run())
  const state = await watch.state()
  await watch.close()
  return { told, state, product }
}

test('whenever a day is killed, the next one finds all, with the product of the evening before', async (context) => {
  const whole = await day(-1, 'before')
  assert.equal(whole.status, 0)
  assert.ok(whole.files >= 9, `${whole.files} files`)
  context.diagnostic(`${whole.files} files are put in their place in a day`)
  // After a file has its name is before the next one has: only the last needs both.
  const points = Array.from({ length: whole.files }, (_, at) => at + 1)
  const all = [
    ...points.map((at) => ({ at, when: 'before' as const })),
    { at: whole.files, when: 'after' as const },
  ]
  for (let from = 0; from < all.length; from += 4)
    await Promise.all(
      all.slice(from, from + 4).map(async ({ at, when }) => {
        const where = `${when} file ${at}`
        const { directory, signal } = await day(at, when)
        assert.equal(signal, 'SIGKILL', where)
        const { told, state, product } = await whatTheNextDayTells(directory)
        assert.deepEqual(told, expected, where)
        assert.equal(state.keys, yesterday.length + today.length, where)
        assert.deepEqual([state.productsRemade, state.damaged], [0, []], where)
        // That of today and that of both days at the most: yesterday's is used as it is, until both are joined.
        assert.ok(state.productsMade <= 2, where)
        if (state.productsMade === 2) assert.equal(product, productOf(evening), where)
        const left = readdirSync(directory).filter((name) => name.endsWith('.tmp'))
        assert.deepEqual(left, [], where)
      }),
    )
})
