// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ledger } from '../ledger/ledger.ts'
import { fleetOf } from './fleet.ts'

interface Row {
  readonly id: string
  readonly state?: string
  readonly device?: string
}

/** A ledger that gives pages of so many, whatever is asked for. */
function pagesOf(rows: Readonly<Record<string, readonly Row[]>>, size: number): Ledger {
  const list = async (kind: string, { equal, after }: { equal: string[]; after?: string }) => {
    const all = rows[kind]?.filter(({ state }) => state === undefined || state === equal[1]) ?? []
    const from = after === undefined ? 0 : Number(after)
    const next = from + size < all.length ? String(from + size) : null
    return { items: all.slice(from, from + size), next }
  }
  return { list } as unknown as Ledger
}

const states = ['provisioned', 'active', 'quarantined', 'retired'] as const

for (const size of [1, 2, 3, 7, 100])
  test(`each device in service comes once beside its own report, in pages of ${size}`, async () => {
    const device = Array.from({ length: 40 }, (_, index) => ({
      ...{ id: `dev_${String(index).padStart(3, '0')}`, state: states[(index * 7) % 4]! },
    }))
    // Two of three report; a device that was retired may have a report, too.
    const installed = device
      .filter((_, index) => index % 3 !== 1)
      .map(({ id }) => ({ id: `ins_${id}`, device: id }))
    const seen: [string, string | undefined][] = []
    for await (const units of fleetOf('prd_1', pagesOf({ device, installed }, size))) {
      assert.ok(units.length > 0)
      for (const unit of units) seen.push([unit.device.id, unit.installed?.device])
    }
    const reported = new Set(installed.map((report) => report.device))
    assert.deepEqual(
      seen,
      device
        .filter(({ state }) => state !== 'retired')
        .map(({ id }) => [id, reported.has(id) ? id : undefined]),
    )
  })
