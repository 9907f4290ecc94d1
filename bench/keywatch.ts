// SPDX-License-Identifier: Apache-2.0
/**
 * The walk of the watch over all keys: `node bench/keywatch.ts [-- KEYS]`, 100,000 P-256 keys unless said otherwise, in SQLite.
 *
 * Printed beside the time is how long the main thread was held up by it, and the memory of the process.
 */
import { rmSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { KeyPage } from '#core/keywatch/ports.ts'
import { walkKeys } from '#core/keywatch/walk-keys.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Key } from '#core/ledger/tables.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { systemClock as clock } from '#edge/clock/system-clock.ts'
import { openStore } from '#edge/store/open-store.ts'
import { ThreadedTester } from '#house/keywatch/threaded-tester.ts'
import { generateKey } from '#trust/private-key.ts'
import { noLists } from '#trust/weak-keys/key-lists.ts'
import { temporaryDirectory } from '../test/support/house.ts'

const count = Number(process.argv[2] ?? 100_000)
const directory = temporaryDirectory()
const store = await openStore(directory, { clock, random })
const samples = await Promise.all(Array.from({ length: 64 }, () => generateKey('p-256')))

/** Rows that differ in all that is unique; of 64 points each is met as often. */
function row(at: number): Put {
  const { publicKey } = samples[at % samples.length] ?? samples[0]!
  const record: Key = {
    ...{ id: newId('key', { clock, random }), version: 1, fingerprint: random.bytes(32) },
    ...{ algorithm: 'p-256', bits: 256, spki: publicKey.spki, origin: 'device' },
    ...{ protection: 'unknown', attested: false, exportable: null, purpose: 'working' },
    ...{ environment: 'production', state: 'active', owner: newId('device', { clock, random }) },
    ...{ moduleCertificate: null, custody: null, activatedAt: clock.now(), deactivateAt: null },
  }
  return { kind: 'key', record }
}

for (let at = 0; at < count; at += 1_000) {
  const puts = Array.from({ length: Math.min(1_000, count - at) }, (_, index) => row(at + index))
  await store.ledger.commit({ puts, events: [] })
}

const tester = new ThreadedTester({ lists: noLists, directory })
await measure('read alone', async () => {})
await measure('read and tested', async (page) => {
  await tester.test(page, new AbortController().signal)
})
await tester.close()
await store.close()
rmSync(directory, { recursive: true, force: true })

async function measure(what: string, work: (page: KeyPage) => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const { user: before } = process.cpuUsage()
  const began = performance.now()
  let keys = 0
  for await (const page of walkKeys(null, store.ledger)) {
    await work(page)
    keys += page.ids.length
  }
  const seconds = (performance.now() - began) / 1000
  const processor = (process.cpuUsage().user - before) / 1e6
  const held = (delay.max / 1e6).toFixed(0)
  const megabytes = (process.memoryUsage().rss / 1e6).toFixed(0)
  console.log(
    `${what}: ${keys} keys, ${seconds.toFixed(1)} s, ${processor.toFixed(1)} s of processor time, main thread held up ${held} ms at most, ${megabytes} MB`,
  )
}
