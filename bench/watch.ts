// SPDX-License-Identifier: Apache-2.0
/**
 * The hourly look at all that comes to its end, in a store that a bulk loader filled: the very first one, a
 * usual one, and one in which an hour's share of a herd fell silent. The last is of a far day, and leaves events
 * of it: nothing is issued from that store afterwards.
 *
 *     node bench/watch.ts DIR | --database URL
 */
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import { lateShare } from '#core/watch/thresholds.ts'
import { watchOnce } from '#core/watch/watch.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import type { Store } from '#edge/store/store.ts'
import { openLoaded } from './tools/loaded.ts'
import { meter } from './tools/meter.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

/** Ten million certificates of a year, spread evenly, give so many ends an hour. */
const silentDevices = 1_141
const hour = Temporal.Duration.from({ hours: 1 })

export async function benchWatch(store: Store, what: string, withLate: boolean): Promise<Row[]> {
  const now = systemClock.now()
  const oldest = await firstLate(store)
  const looks = [
    ['the very first look', undefined, now],
    ['a usual look', now.subtract(hour), now],
    [
      `a look in which ${silentDevices.toLocaleString('en')} devices are late`,
      oldest.from,
      oldest.until,
    ],
  ] as const
  const rows: Row[] = []
  for (const [name, since, at] of withLate ? looks : looks.slice(0, 2)) {
    const spent = await meter(() => look(store, since, at))
    rows.push({
      ...{ name: `${what}: watch, ${name}`, value: Number(spent.seconds.toFixed(2)), unit: 's' },
      note: `processor: ${Math.round(spent.ownCpu / 1_000)} ms main thread, ${Math.round((spent.cpu - spent.ownCpu) / 1_000)} ms others`,
    })
  }
  return rows
}

/** As the job does it, with a mark that says until when the last look was. */
function look({ ledger }: Store, since: Temporal.Instant | undefined, now: Temporal.Instant) {
  const find: typeof ledger.find = async (kind, unique, values) => {
    const found = await ledger.find(kind, unique, values)
    if (kind !== 'setting' || values[0] !== 'watch') return found
    if (since === undefined) return undefined
    return found && { ...found, value: { until: since.epochMilliseconds } }
  }
  const marked = {
    find,
    commit: ledger.commit.bind(ledger),
    read: ledger.read.bind(ledger),
    list: ledger.list.bind(ledger),
    count: ledger.count.bind(ledger),
  }
  const ports = { ledger: marked, clock: { now: () => now }, random }
  return watchOnce(ports, new AbortController().signal)
}

/** When the first of the loaded herd falls late by the life that its profile gives, and when so many have. */
async function firstLate({ ledger }: Store) {
  const { items } = await ledger.list('certificate', { limit: 1_000 })
  const loaded = items.filter(({ kind, state }) => kind === 'working' && state === 'issued')
  const [first, last] = [loaded[0], loaded.at(-1)]
  if (first === undefined || last === undefined) throw new Error('the store is empty')
  const each = last.notAfter.since(first.notAfter).total('milliseconds') / loaded.length
  const profile = await ledger.find('profile', 'number', [first.profile, first.profileVersion])
  const parsed = parseProfile(profile?.document ?? '')
  if (parsed.kind === 'faults' || parsed.profile.validity.kind !== 'hours')
    throw new Error(`profile ${first.profile} gives no life`)
  const life = parsed.profile.validity.lifetime.total('milliseconds')
  const from = first.notAfter.subtract({ milliseconds: Math.ceil(life * (1 - lateShare)) - 1_000 })
  return { from, until: from.add({ milliseconds: Math.ceil(each * silentDevices) }) }
}

if (import.meta.main) {
  const { store, what } = await openLoaded()
  printRows(await benchWatch(store, what, true))
  await store.close()
}
