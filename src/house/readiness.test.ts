// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClockGuard } from '#core/authority/clock-guard.ts'
import { type ReadinessParts, readinessOf } from './readiness.ts'

const now = Temporal.Instant.from('2026-11-22T12:00:00Z')
const good: ReadinessParts = {
  doors: () => 'open',
  clock: { now: () => now },
  ledger: { find: async () => undefined },
  core: () => ({ guard: new ClockGuard(now), keeper: { isCurrent: true } }),
}

async function missingOf(parts: Partial<ReadinessParts>): Promise<readonly string[]> {
  const checks = await readinessOf({ ...good, ...parts })
  return checks.filter(({ ready }) => !ready).map(({ name }) => name)
}

test('a house whose doors are open, whose clock goes on and whose store answers is ready', async () => {
  assert.deepEqual(await missingOf({}), [])
})

test('each thing that is missing is named', async () => {
  assert.deepEqual(await missingOf({ core: () => undefined }), ['keys'])
  assert.deepEqual(await missingOf({ doors: () => 'opening' }), ['doors'])
  assert.deepEqual(await missingOf({ doors: () => 'closing' }), ['running'])
  const behind = now.subtract({ hours: 1 })
  assert.deepEqual(await missingOf({ clock: { now: () => behind } }), ['clock'])
  const deaf = { guard: new ClockGuard(now), keeper: { isCurrent: false } }
  assert.deepEqual(await missingOf({ core: () => deaf }), ['nodes'])
  assert.deepEqual(await missingOf({ keysAway: () => ['pkcs11 keys'] }), ['signing'])
  const broken = { find: () => Promise.reject(new Error('away')) }
  assert.deepEqual(await missingOf({ ledger: broken }), ['store'])
})

test('a store that hangs is not waited for', async () => {
  const hanging = { find: () => new Promise<never>(() => {}) }
  assert.deepEqual(await missingOf({ ledger: hanging, patienceMilliseconds: 1 }), ['store'])
})
