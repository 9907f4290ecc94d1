// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Setting } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** A restore: where an epoch ended and the next began. */
export interface Restore {
  /** The epoch that it began: 2 for the first restore. */
  readonly epoch: number
  readonly at: Temporal.Instant
  /** When the store was as the backup holds it. */
  readonly moment: Temporal.Instant
  /** SHA-256 of the encrypted backup, in hexadecimal. */
  readonly backup: string
  /** The head of the log that was restored: its size, its tree hash in hexadecimal, its name. */
  readonly logSize: number
  readonly logRoot: string
  readonly logOrigin: string
}

type Kept = Omit<Restore, 'at' | 'moment'> & { readonly at: string; readonly moment: string }

const settingName = 'restores'

/** Every restore of this installation, the first first. */
export async function readRestores(ledger: Ledger): Promise<readonly Restore[]> {
  const setting = await ledger.find('setting', 'name', [settingName])
  const kept = (setting?.value ?? []) as readonly Kept[]
  return kept.map(({ at, moment, ...rest }) => {
    return { ...rest, at: Temporal.Instant.from(at), moment: Temporal.Instant.from(moment) }
  })
}

/** 1 until the first restore. */
export function epochOf(restores: readonly Restore[]): number {
  return restores.at(-1)?.epoch ?? 1
}

/** In which epoch the log gave an event its place; null: not yet. */
export function epochAt(position: number | null, restores: readonly Restore[]): number {
  return epochOf(restores.filter(({ logSize }) => position === null || position >= logSize))
}

/** The setting that keeps one restore more. */
export async function restorePut(
  restore: Restore,
  ports: { readonly ledger: Ledger; readonly clock: Clock; readonly random: Randomness },
): Promise<{ readonly kind: 'setting'; readonly record: Setting }> {
  const before = await ports.ledger.find('setting', 'name', [settingName])
  const restores = [...(await readRestores(ports.ledger)), restore]
  const value: readonly Kept[] = restores.map((one) => {
    return { ...one, at: one.at.toString(), moment: one.moment.toString() }
  })
  return {
    kind: 'setting',
    record: {
      id: before?.id ?? newId('setting', ports),
      version: (before?.version ?? 0) + 1,
      name: settingName,
      value,
      changedAt: ports.clock.now(),
    },
  }
}

/** Room for lists that were made at the same moment as the backup, whatever the clocks say. */
const leastJump = 2 ** 20

/**
 * The number that no revocation list of the lost time can have passed.
 *
 * A list's number grows by one a list, and a list takes a signature and a durable commit: fewer than one a
 * millisecond. So the milliseconds since the backup outstep all that were made since, also by another
 * restore of the same backup in between. RFC 5280 section 5.2.3 leaves room for 20 octets.
 */
export function jumpedNumber(
  highest: number,
  moment: Temporal.Instant,
  now: Temporal.Instant,
): number {
  const lost = Math.max(0, now.epochMilliseconds - moment.epochMilliseconds)
  return highest + leastJump + lost
}

/**
 * The same for status files, whose numbers have 32 bits: they are made once a minute and set by the clock, or by
 * an operator's hand, so that the seconds since the backup outstep them.
 */
export function jumpedFileNumber(
  highest: number,
  moment: Temporal.Instant,
  now: Temporal.Instant,
): number {
  const lost = Math.max(0, now.epochMilliseconds - moment.epochMilliseconds)
  return highest + leastJump + Math.ceil(lost / 1000)
}

/**
 * The name of the log in a new epoch: unlike every name before, since two logs that go on from one head
 * under one name would look like a log that lies.
 */
export function logOriginOf(origin: string, epoch: number, at: Temporal.Instant): string {
  const base = origin.replace(/\/epoch-\d+\/\d{8}T\d{6}\.\d{3}Z$/, '')
  const time = at.toString({ fractionalSecondDigits: 3 }).replaceAll(/[-:]/g, '')
  return `${base}/epoch-${epoch}/${time}`
}
