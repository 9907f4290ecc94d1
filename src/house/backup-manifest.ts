// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { epochOf } from '#core/recovery/epoch.ts'
import { type Dump, portableTable, portableTables } from '#edge/store/portable/portable.ts'
import { migrations } from '#edge/store/schema/migrations.ts'
import { backupFormat, type Manifest } from '#format/backup/line.ts'
import type { Core } from './core.ts'
import { programVersion } from './version.ts'

/** What the dump is of. @param moment before the dump was opened: whatever came after may be missing */
export async function manifestOf(
  dump: Dump,
  moment: Temporal.Instant,
  withRoot: boolean,
  { installation, ledger, restores }: Core,
): Promise<Manifest> {
  const founding = await ledger.find('setting', 'name', ['installation'])
  const counts: Record<string, number> = {}
  for (const table of portableTables) counts[table.name] = await dump.count(table)
  const { environment, logOrigin: origin, logPublicKey: publicKey } = installation
  return {
    format: backupFormat,
    installation: founding?.id ?? '',
    ...{ environment, program: programVersion(), schema: migrations.length },
    moment: moment.toString(),
    epoch: epochOf(restores),
    log: { origin, publicKey, ...(await headOf(dump)) },
    tables: portableTables.map(({ name, columns }) => ({ name, columns })),
    ...{ counts, withRoot },
  }
}

async function headOf(dump: Dump) {
  const table = portableTable('log')
  const place = (name: string) => table.columns.indexOf(name)
  for await (const [row] of dump.rows(table)) {
    if (row === undefined) break
    const root = row[place('root')]
    const checkpoint = row[place('checkpoint')]
    return {
      size: Number(row[place('size')]),
      lastEvent: Number(row[place('lastEvent')]),
      root: root instanceof Uint8Array ? root.toHex() : '',
      checkpoint: typeof checkpoint === 'string' ? checkpoint : null,
    }
  }
  throw new Fault('ledger-damaged', 'the log has no head')
}
