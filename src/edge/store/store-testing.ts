// SPDX-License-Identifier: Apache-2.0
/** What the tests of the store stand on: a directory of their own, and ports that repeat themselves. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { Kind, LedgerRecord } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

export interface TestPorts {
  readonly clock: Clock
  readonly random: Randomness
}

/** A clock that goes on by a millisecond a look, and chance that is the same for the same seed. */
export function testPorts(seed = 1): TestPorts {
  let milliseconds = Date.UTC(2026, 0, 1)
  let state = seed
  const octet = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0 // Numerical Recipes' generator
    return state >>> 24
  }
  return {
    clock: { now: () => Temporal.Instant.fromEpochMilliseconds(milliseconds++) },
    random: { bytes: (count) => Uint8Array.from({ length: count }, octet) },
  }
}

/** Runs it in an empty directory, which is removed afterwards. */
export async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-store-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A put of a new record: the columns given, an id, version 1. */
export function added<K extends Kind>(
  ports: TestPorts,
  kind: K,
  columns: Omit<LedgerRecord<K>, 'id' | 'version'>,
): Extract<Put, { kind: K }> {
  const record = { id: newId(kind, ports), version: 1, ...columns }
  return { kind, record } as unknown as Extract<Put, { kind: K }>
}

/** The same record with other values, one version on. */
export function changed<P extends Put>(put: P, columns: Partial<P['record']>): P {
  return { ...put, record: { ...put.record, ...columns, version: put.record.version + 1 } }
}

/** Commits encodings until the store is full; gives the ids of those that were acknowledged. */
export async function writeUntilFull(ledger: Ledger, ports: TestPorts): Promise<string[]> {
  const written: string[] = []
  for (;;) {
    try {
      written.push(await writeOne(ledger, ports))
    } catch (error) {
      assert.equal(error instanceof Error && 'code' in error && error.code, 'store-full')
      return written
    }
  }
}

/** Commits one encoding of this many bytes; gives its id. */
export async function writeOne(ledger: Ledger, ports: TestPorts, size = 20_000): Promise<string> {
  const put = added(ports, 'encoding', { der: ports.random.bytes(size) })
  assert.deepEqual(await ledger.commit({ puts: [put], events: [] }), { kind: 'committed' })
  return put.record.id
}
