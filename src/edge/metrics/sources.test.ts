// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'
import { type Source, Sources } from './sources.ts'

function opened(...sources: readonly Partial<Source>[]) {
  const metrics = new Metrics()
  const troubles: unknown[] = []
  const clock = { time: 0 }
  const late = Promise.withResolvers<void>()
  const all = new Sources({
    ...{ metrics, now: () => clock.time, wait: () => late.promise },
    report: (source, cause) => void troubles.push(`${source}: ${cause}`),
  })
  const fallback: Source = {
    name: 'log',
    gives: ['vitalsign_log_size'],
    keepMilliseconds: 1_000,
    read: () => {},
  }
  all.add(...sources.map((source) => ({ ...fallback, ...source })))
  return { all, metrics, troubles, clock, late }
}

test('a source is read again when its reading is too old, and not before', async () => {
  let reads = 0
  const { all, metrics, clock } = opened({
    read: (give) => give('vitalsign_log_size', {}, ++reads),
  })
  await all.refresh()
  clock.time = 999
  await all.refresh()
  assert.match(metrics.text(), /^vitalsign_log_size 1$/m)
  clock.time = 1_000
  await all.refresh()
  assert.match(metrics.text(), /^vitalsign_log_size 2$/m)
})

test('those who ask at once get one reading', async () => {
  let reads = 0
  const { all } = opened({
    read: async () => {
      reads++
    },
  })
  await Promise.all([all.refresh(), all.refresh()])
  assert.equal(reads, 1)
})

test('what a reading leaves out is gone', async () => {
  const jobs = ['one', 'two']
  const { all, metrics } = opened({
    ...{ gives: ['vitalsign_job_failing'], keepMilliseconds: 0 },
    read: (give) => {
      for (const task of jobs) give('vitalsign_job_failing', { task }, 0)
    },
  })
  await all.refresh()
  jobs.pop()
  await all.refresh()
  assert.match(metrics.text(), /task="one"/)
  assert.doesNotMatch(metrics.text(), /task="two"/)
})

test('a source that breaks takes its figures off the page, says so, and comes back', async () => {
  let broken = false
  const { all, metrics, troubles } = opened({
    keepMilliseconds: 0,
    read: (give) => {
      give('vitalsign_log_size', {}, 7)
      if (broken) throw new Error('the store is away')
    },
  })
  await all.refresh()
  broken = true
  await all.refresh()
  assert.doesNotMatch(metrics.text(), /log_size/)
  assert.match(metrics.text(), /vitalsign_source_up\{source="log"\} 0/)
  assert.deepEqual(troubles, ['log: Error: the store is away'])
  broken = false
  await all.refresh()
  assert.match(metrics.text(), /vitalsign_source_up\{source="log"\} 1/)
  assert.match(metrics.text(), /^vitalsign_log_size 7$/m)
})

test('a source that hangs holds up neither the page nor the others', async () => {
  const { all, metrics, late } = opened(
    { read: () => new Promise<never>(() => {}) },
    {
      ...{ name: 'alarms', gives: ['vitalsign_alarms_open'] },
      read: (give) => give('vitalsign_alarms_open', { severity: 'critical' }, 1),
    },
  )
  const page = all.refresh()
  await new Promise(setImmediate)
  late.resolve()
  await page
  assert.match(metrics.text(), /vitalsign_source_up\{source="log"\} 0/)
  assert.match(metrics.text(), /vitalsign_alarms_open\{severity="critical"\} 1/)
})
