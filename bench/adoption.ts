// SPDX-License-Identifier: Apache-2.0
/**
 * How long it takes to count how far a new signing key came among the devices of a product, in SQLite, beside reading
 * the same columns of the same rows.
 *
 *     node bench/adoption.ts [DEVICES]
 */
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '#core/ledger/ids.ts'
import { glance, type Put } from '#core/ledger/ledger.ts'
import type { Device, Installed } from '#core/ledger/tables.ts'
import { countAdoption } from '#core/rotation/count-adoption.ts'
import { openStore } from '#edge/store/open-store.ts'
import { meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const ports = {
  clock: { now: () => Temporal.Now.instant() },
  random: { bytes: (count: number) => randomFillSync(new Uint8Array(count)) },
}
const batch = 2_000

export async function benchAdoption(words: {
  readonly devices: number
  readonly rounds: number
}): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
  const store = await openStore(directory, ports)
  const at = Temporal.Now.instant()
  const product = newId('product', ports)
  const [old, next] = ['a'.repeat(64), 'b'.repeat(64)]

  function unit(index: number): readonly Put[] {
    const device: Device = {
      ...{ id: newId('device', ports), version: 1, product, serial: `P-${index}` },
      ...{ hardwareRevision: null, lot: 'L-1', udiDi: null, state: 'active' },
      ...{ enrolmentsLeft: 0, createdAt: at, seenAt: at, missedSince: null },
      ...{ quarantine: null, stateBefore: null, under: null, anchors: null },
    }
    // One of ten has not heard of the new key yet.
    const anchors = index % 10 === 0 ? [old] : [old, next]
    const installed: Installed = {
      ...{ id: newId('installed', ports), version: 1, device: device.id, product, lot: 'L-1' },
      ...{ firmwareVersion: '4.2.1', securityVersion: 7, highestSecurityVersion: 7 },
      ...{ anchors, anchorSet: anchors.length === 1 ? 'c'.repeat(64) : 'd'.repeat(64) },
      ...{ certificate: null, reportedAt: at },
    }
    return [
      { kind: 'device', record: device },
      { kind: 'installed', record: installed },
    ]
  }

  try {
    for (let done = 0; done < words.devices; done += batch) {
      const puts = Array.from({ length: batch }, (_, index) => unit(done + index)).flat()
      const committed = await store.ledger.commit({ puts, events: [] })
      if (committed.kind !== 'committed') throw new Error(committed.rule)
    }
    const [counts, reads, own]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < words.rounds; round++) {
      const read = await meter(async () => {
        for (const kind of ['device', 'installed'] as const) await readAll(kind)
      })
      const count = await meter(async () => {
        const terms = { product, silentDays: 30 }
        const { heard, adopted } = await countAdoption(terms, [next], at, store.ledger)
        if (heard !== words.devices || adopted !== words.devices * 0.9)
          throw new Error(`${adopted} of ${heard} devices were counted`)
      })
      reads.push(read.cpu / 1_000)
      counts.push(count.cpu / 1_000)
      own.push(count.ownCpu / 1_000)
    }
    return [
      {
        name: `adoption among ${words.devices.toLocaleString('en')} devices`,
        ...{ value: Math.round(median(counts)), unit: 'ms of processor time' },
        limit: { name: 'reading the rows', value: Math.round(median(reads)) },
        note: `${Math.round(median(own))} ms of them on the main thread`,
      },
    ]
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }

  async function readAll(kind: 'device' | 'installed'): Promise<void> {
    let after: string | null | undefined
    do {
      const query = { limit: 10_000, ...(after && { after }) }
      const page =
        kind === 'device'
          ? await glance('device', ['id', 'serial', 'lot', 'seenAt'], query, store.ledger)
          : await glance('installed', ['device', 'anchors', 'reportedAt'], query, store.ledger)
      after = page.next
    } while (after !== null)
  }
}

if (import.meta.main)
  printRows(await benchAdoption({ devices: Number(process.argv[2] ?? 50_000), rounds: 3 }))
