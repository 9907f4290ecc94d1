// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { type Authority, tables } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import {
  epochOf,
  jumpedNumber,
  logOriginOf,
  type Restore,
  readRestores,
  restorePut,
} from '#core/recovery/epoch.ts'
import type { Store } from '#edge/store/store.ts'
import type { SoundBackup } from './backup-read.ts'
import type { Installation } from './foundation.ts'
import type { Lapsing } from './restore-lapse.ts'

/** What began with a restore. */
export interface Begun extends Restore {
  /** The name of the log from now on. */
  readonly newOrigin: string
  readonly codesLapsed: number
  readonly sessionsEnded: number
}

interface EpochPorts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Randomness
}

const actor = { kind: 'house', id: 'restore' } as const

/**
 * Begins the epoch: one commit, with the first event that only this epoch has.
 *
 * The log goes on from the restored head under another name, so that both histories can be told apart for
 * ever; revocation lists go on above all numbers that the lost time can have used.
 */
export async function beginEpoch(
  { manifest, sha256 }: SoundBackup,
  lapsing: Lapsing,
  { store: { ledger }, clock, random }: EpochPorts,
): Promise<Begun> {
  const ports = { ledger, clock, random }
  const at = clock.now()
  const moment = Temporal.Instant.from(manifest.moment)
  const { log } = manifest
  const restore: Restore = {
    epoch: epochOf(await readRestores(ledger)) + 1,
    ...{ at, moment, backup: sha256 },
    ...{ logSize: log.size, logRoot: log.root, logOrigin: log.origin },
  }
  const newOrigin = logOriginOf(log.origin, restore.epoch, at)
  const { codes, invitations, sessions, crlNumbers } = lapsing
  const installation = await renamedLog(newOrigin, ledger, at)
  await commit(ledger, {
    puts: [
      await restorePut(restore, ports),
      installation,
      headPut(restore, log.checkpoint, ports),
      ...(await jumpedAuthorities(restore, crlNumbers, ledger)),
    ],
    events: [
      {
        type: 'installation-restored',
        at,
        actor,
        subjects: [installation.record.id],
        facts: {
          ...{ epoch: restore.epoch, moment: manifest.moment, backup: sha256 },
          ...{ logSize: log.size, logRoot: log.root, oldOrigin: log.origin, newOrigin },
          ...{ codesLapsed: codes, invitationsLapsed: invitations, sessionsEnded: sessions },
        },
      },
    ],
  })
  return { ...restore, newOrigin, codesLapsed: codes, sessionsEnded: sessions }
}

async function renamedLog(logOrigin: string, ledger: Ledger, changedAt: Temporal.Instant) {
  const setting = await ledger.find('setting', 'name', ['installation'])
  if (setting === undefined)
    throw new Fault('backup-damaged', 'the backup is of an installation that was never founded')
  const value: Installation = { ...(setting.value as Installation), logOrigin }
  const record = { ...setting, version: setting.version + 1, value, changedAt }
  return { kind: 'setting', record } as const
}

function headPut(
  { epoch, logOrigin, logSize, logRoot, at }: Restore,
  checkpoint: string | null,
  ports: { readonly clock: Clock; readonly random: Randomness },
): Put {
  return {
    kind: 'logHead',
    record: {
      ...{ id: newId('logHead', ports), version: 1, kind: 'restored', epoch: epoch - 1 },
      ...{ origin: logOrigin, size: logSize, root: Uint8Array.fromHex(logRoot), checkpoint },
      ...{ addedBy: actor.id, addedAt: at },
    },
  }
}

/** Every authority whose key is ours. */
async function jumpedAuthorities(
  { moment, at }: Restore,
  crlNumbers: ReadonlyMap<string, number>,
  ledger: Ledger,
): Promise<readonly Put[]> {
  const puts: Put[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list('authority', { limit: 100, ...(after && { after }) })
    for (const authority of page.items) {
      if (authority.key === null) continue
      const hex = authority.id.slice(tables.authority.prefix.length + 1)
      const highest = Math.max(crlNumbers.get(hex) ?? 0, authority.crlNumberFrom ?? 0)
      const crlNumberFrom = jumpedNumber(highest, moment, at) + 1
      const record: Authority = { ...authority, version: authority.version + 1, crlNumberFrom }
      puts.push({ kind: 'authority', record })
    }
    after = page.next
  } while (after !== null)
  return puts
}

async function commit(ledger: Ledger, change: Parameters<Ledger['commit']>[0]): Promise<void> {
  const committed = await ledger.commit(change)
  if (committed.kind === 'conflict')
    throw new Fault(
      'store-differs',
      `somebody else writes to the restored store: ${committed.rule}`,
    )
}
