// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tileReader } from '#core/audit/sequencer.ts'
import { Fault } from '#core/fault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { countKept } from '#core/releases/stored.ts'
import { holdDirectory } from '#edge/store/directory-lock.ts'
import { databaseName, openStore } from '#edge/store/open-store.ts'
import {
  type Dump,
  type Load,
  type PortableTable,
  portableTable,
  portableTables,
} from '#edge/store/portable/portable.ts'
import { openPostgresLoad } from '#edge/store/portable/postgres.ts'
import { openPostgresStore } from '#edge/store/postgres/open-postgres.ts'
import type { PostgresSettings } from '#edge/store/postgres/target.ts'
import type { Store } from '#edge/store/store.ts'
import { encodeRow } from '#format/backup/row-text.ts'
import { rootOf } from '#trust/tlog/tiles.ts'
import { readMark, refuseMarked, setMark } from './place-marks.ts'
import { openMoved } from './store-move-open.ts'

export interface MoveOrder {
  readonly data: string
  readonly to: PostgresSettings
}

/** How far it is: first rows are copied, then both sides are read and compared. */
export interface MoveProgress {
  readonly phase: 'copying' | 'comparing'
  readonly rows: number
  readonly of: number
  /** Rows a second since this phase began. */
  readonly perSecond: number
}

export interface MovePorts {
  readonly clock: Clock
  readonly random: Randomness
  readonly tell: (progress: MoveProgress) => void
}

export interface Moved {
  readonly counts: Readonly<Record<string, number>>
  /** How many artefacts are kept in files, which stay where they are. */
  readonly artefacts: number
  /** SHA-256 of each table's rows, the same on both sides, in hexadecimal. */
  readonly digests: Readonly<Record<string, string>>
  readonly logSize: number
  /** Computed from the tiles of the new database. */
  readonly logRoot: string
}

/**
 * Moves the ledger of a stopped house from SQLite to PostgreSQL.
 *
 * It may be cut off anywhere and begun again: what is there is not written twice. The old ledger is closed
 * for good only after every row was compared; it is kept as it was.
 *
 * @throws Fault `store-moved`, `store-not-empty`, `store-differs`, or as the stores do
 */
export async function moveStore({ data, to }: MoveOrder, ports: MovePorts): Promise<Moved> {
  if (!existsSync(join(data, databaseName)))
    throw new Fault('store-unreachable', `there is no ledger to move in ${data}`)
  const lock = holdDirectory(data, ports.clock)
  try {
    const before = readMark(data, 'moved')
    if (before !== undefined && before !== to.url) refuseMarked({ data, database: undefined })
    const source = await openStore(data, ports)
    try {
      const moved = await copyAndProve(source, { data, to }, before !== undefined, ports)
      setMark(data, 'moved', to.url)
      await openMoved({ data, to }, moved, ports)
      return moved
    } finally {
      await source.close()
    }
  } finally {
    lock.release()
  }
}

/** @param isProved a run before this one was cut off only after its proof: the target may serve already */
async function copyAndProve(
  source: Store,
  { data, to }: MoveOrder,
  isProved: boolean,
  ports: MovePorts,
): Promise<Moved> {
  const dump = await source.dump()
  try {
    const counts = await countsOf(dump)
    const tell = progressOf(counts, ports)
    const { size, root } = await source.log.head()
    const artefacts = await countKept(source.ledger)
    const head = { logSize: size, logRoot: root.toHex() }
    if (isProved) return { counts, artefacts, ...head, digests: await digestsOf(dump, () => {}) }
    await copy(dump, await openPostgresLoad(to, await purposeOf(source, data)), tell('copying'))
    const target = await openPostgresStore(to, ports, { unfinished: true })
    try {
      await proveRoot(target, head)
      const digests = await compare(dump, target, counts, tell('comparing'))
      return { counts, artefacts, digests, ...head }
    } finally {
      await target.close()
    }
  } finally {
    await dump.close()
  }
}

function progressOf(counts: Readonly<Record<string, number>>, { tell }: MovePorts) {
  const of = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return (phase: MoveProgress['phase']) => {
    const began = performance.now()
    return (rows: number) => {
      const seconds = Math.max(performance.now() - began, 1) / 1000
      tell({ phase, rows, of, perSecond: Math.round(rows / seconds) })
    }
  }
}

/** By which a half-done move of this very store, as it is now, is known again. */
async function purposeOf({ ledger, log }: Store, data: string): Promise<string> {
  const founding = await ledger.find('setting', 'name', ['installation'])
  if (founding === undefined)
    throw new Fault('store-unreachable', `the installation in ${data} was never founded`)
  const { size, root } = await log.head()
  const waiting = (await log.waiting(1000)).length
  return `a move of ${founding.id} with a log of ${size}+${waiting} events, ${root.toHex()}`
}

async function countsOf(dump: Dump): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of portableTables) counts[table.name] = await dump.count(table)
  return counts
}

async function copy(dump: Dump, load: Load, tell: (rows: number) => void): Promise<void> {
  let rows = 0
  try {
    for (const table of portableTables) {
      for await (const portion of dump.rows(table, await load.last(table))) {
        await load.put(table, portion)
        rows += portion.length
        tell(rows)
      }
    }
  } finally {
    await load.close()
  }
}

async function proveRoot(
  { log }: Store,
  { logSize, logRoot }: { logSize: number; logRoot: string },
) {
  const found = (await rootOf(logSize, tileReader(log))).toHex()
  if (found !== logRoot)
    throw new Fault('store-differs', `the moved tiles give ${found}, the ledger has ${logRoot}`)
}

async function compare(
  dump: Dump,
  target: Store,
  counts: Readonly<Record<string, number>>,
  tell: (rows: number) => void,
): Promise<Record<string, string>> {
  const other = await target.dump()
  try {
    const [here, there] = await Promise.all([digestsOf(dump, tell), digestsOf(other, () => {})])
    for (const { name } of portableTables) {
      const count = await other.count(portableTable(name))
      if (count !== counts[name] || here[name] !== there[name])
        throw new Fault(
          'store-differs',
          `${name} has ${counts[name]} rows ${here[name]} here, ${count} ${there[name]} there`,
        )
    }
    return here
  } finally {
    await other.close()
  }
}

async function digestsOf(
  dump: Dump,
  tell: (rows: number) => void,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  let rows = 0
  for (const table of portableTables) {
    digests[table.name] = await digestOf(dump, table, (count) => {
      rows += count
      tell(rows)
    })
  }
  return digests
}

async function digestOf(dump: Dump, table: PortableTable, tell: (rows: number) => void) {
  const digest = createHash('sha256')
  for await (const portion of dump.rows(table)) {
    digest.update(portion.map((row) => `${encodeRow(row)}\n`).join(''))
    tell(portion.length)
  }
  return digest.digest('hex')
}
