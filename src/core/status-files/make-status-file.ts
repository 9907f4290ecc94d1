// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import {
  encodeStatusContent,
  encodeStatusFile,
  parseStatusFile,
  type StatusContent,
  type StatusFile,
} from '#format/compact-status/status-file.ts'
import { makeDelta } from '#trust/compact-status/delta.ts'
import { signedMessage } from '#trust/compact-status/open-status-file.ts'
import { sha256 } from '#trust/digest.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { StatusFileRecord } from '../ledger/tables.ts'
import type { Randomness } from '../ports.ts'
import { jumpedFileNumber, type Restore } from '../recovery/epoch.ts'
import { authoritiesBelow } from './authorities-below.ts'
import type { CertificateRows } from './certificate-rows.ts'
import { type Before, type Planned, planStatusFile } from './plan-status-file.ts'
import type { BlockBuilder } from './refresh-blocks.ts'
import { type SigningPorts, signatures, signersFor } from './status-signer.ts'

/**
 * How long a file is good, and at which age the next one comes. As revocation lists: good for eight days, made
 * anew after one; after an hour if certificates were issued that it does not cover.
 */
export const statusFileLife = {
  goodForHours: 192,
  renewedAfterHours: 24,
  renewedForNewOnesAfterHours: 1,
} as const

/** So many files of a set are kept whole: from each of them a delta leads to the newest one. */
export const keptFiles = 48

/**
 * Certificates in a block. Fewer make a file longer, since small tables fill less well and each has a head; more
 * make each revocation read more rows. See docs/decisions/0016-compact-status.md.
 */
export const usualBlockSize = 65_536

/**
 * What was issued later than this before the making is not covered yet: its serial number may have been drawn, on
 * a node whose clock is behind, and not be booked yet.
 */
export const marginSeconds = 120

/** The roots of one or more products. */
export interface StatusSet {
  /** SHA-256 that names them. */
  readonly digest: Uint8Array
  /** Ids of those that are kept here. */
  readonly roots: ReadonlySet<string>
}

export interface MakingPorts extends SigningPorts {
  readonly ledger: Ledger
  readonly random: Randomness
  readonly rows: CertificateRows
  readonly build: BlockBuilder
  readonly blockSize: number
  /** Every restore of the installation: the number of a file outsteps what the lost time can have used. */
  readonly restores: readonly Restore[]
}

export type MadeStatusFile =
  | {
      readonly kind: 'made'
      readonly record: StatusFileRecord
      /** For which roots nobody could sign it, in words. */
      readonly lacking: readonly string[]
    }
  /** The newest one says the same, and is young. */
  | { readonly kind: 'unchanged'; readonly record: StatusFileRecord }
  /** Another node booked the same number at this moment. */
  | { readonly kind: 'overtaken' }

/** The newest file of a set. */
export async function newestStatusFile(
  anchors: string,
  ledger: Ledger,
): Promise<StatusFileRecord | undefined> {
  const { items } = await ledger.list('statusFile', {
    ...{ by: 'latest', equal: [anchors], descending: true, limit: 1 },
  })
  return items[0]
}

/**
 * Makes, signs and books the next file of a set, if there is anything to say.
 *
 * @param isWanted whether it is made though nothing changed
 * @throws Fault as `signFor` and `Ledger.commit` do
 */
export async function makeStatusFile(
  set: StatusSet,
  isWanted: boolean,
  ports: MakingPorts,
): Promise<MadeStatusFile> {
  const { ledger, clock } = ports
  const anchors = set.digest.toHex()
  const newest = await newestStatusFile(anchors, ledger)
  const before = newest && { file: parseStatusFile(newest.file), book: newest.book }
  const madeAt = wholeSecond(clock.now())
  const number = nextNumber(newest, ports.restores)
  const plan = (coversUntil: Temporal.Instant) =>
    planStatusFile(
      {
        ...{ anchors: set.digest, number, madeAt, coversUntil },
        holders: authoritiesBelow(set.roots, ports.authorities, (one) => ports.above(one)),
      },
      before,
      { ...ports, seed: ports.random.bytes(32) },
    )
  const { renewedAfterHours, renewedForNewOnesAfterHours } = statusFileLife
  const mayRest = newest !== undefined && !isWanted && !isOlder(newest, renewedAfterHours, madeAt)
  if (mayRest && before !== undefined && !isOlder(newest, renewedForNewOnesAfterHours, madeAt)) {
    // Young: new ones alone are no reason.
    const again = await plan(before.file.coversUntil)
    if (saysTheSame(again, before.file)) return { kind: 'unchanged', record: newest }
  }
  const planned = await plan(coveredUntil(madeAt, before))
  if (mayRest && planned.certificates === newest.certificates && saysTheSame(planned, before?.file))
    return { kind: 'unchanged', record: newest }
  const signers = await signersFor(set.roots, ports)
  const expiresAt = earlier(madeAt.add({ hours: statusFileLife.goodForHours }), signers.until)
  const signed = encodeStatusContent({ ...planned.content, expiresAt })
  const bytes = encodeStatusFile(signed, await signatures(signers, signedMessage(signed), ports))
  const record = await book(set, planned, parseStatusFile(bytes), before, ports)
  return record === undefined
    ? { kind: 'overtaken' }
    : { kind: 'made', record, lacking: signers.lacking }
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) <= 0 ? left : right
}

/** A restored store knows neither the last number of the lost time, nor the sets that were first asked for then. */
function nextNumber(newest: StatusFileRecord | undefined, restores: readonly Restore[]): number {
  const highest = newest?.number ?? 0
  const last = restores.at(-1)
  if (last === undefined || (newest && isAfter(newest.createdAt, last.at))) return highest + 1
  return jumpedFileNumber(highest, last.moment, last.at)
}

function isAfter(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) > 0
}

function isOlder({ createdAt }: StatusFileRecord, hours: number, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(createdAt.add({ hours }), now) <= 0
}

function coveredUntil(madeAt: Temporal.Instant, before: Before | undefined): Temporal.Instant {
  const until = madeAt.subtract({ seconds: marginSeconds })
  const least = before?.file.coversUntil
  return least && Temporal.Instant.compare(least, until) > 0 ? least : until
}

/** But for its number and its times. */
function saysTheSame({ content }: Planned, before: StatusFile | undefined): boolean {
  if (before === undefined) return false
  const { number, madeAt, coversUntil, expiresAt } = before
  const again: StatusContent = { ...content, number, madeAt, coversUntil, expiresAt }
  return sameBytes(encodeStatusContent(again), before.signed)
}

/** @returns undefined if another node booked the same number at this moment */
async function book(
  set: StatusSet,
  planned: Planned,
  file: StatusFile,
  before: Before | undefined,
  ports: MakingPorts,
): Promise<StatusFileRecord | undefined> {
  const { bytes, number, coversUntil, expiresAt } = file
  const record: StatusFileRecord = {
    ...{ id: newId('statusFile', ports), version: 1, anchors: set.digest.toHex(), number },
    ...{ coversUntil, expiresAt, certificates: planned.certificates, revoked: planned.revoked },
    ...{ file: bytes, fileSha256: sha256(bytes), book: planned.book },
    delta: before ? makeDelta(before.file, file) : null,
    createdAt: file.madeAt,
  }
  const { certificates, revoked } = planned
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'statusFile', record }, ...(await emptied(record, ports.ledger))],
    events: [
      {
        ...{ type: 'status-file-made', at: ports.clock.now() },
        actor: { kind: 'house', id: 'status-files' },
        subjects: [record.id, ...set.roots],
        facts: {
          ...{ anchors: record.anchors, number, certificates, revoked, bytes: bytes.length },
          ...{ coversUntil: coversUntil.toString(), expiresAt: expiresAt.toString() },
          sha256: record.fileSha256.toHex(),
        },
      },
    ],
  })
  return committed.kind === 'committed' ? record : undefined
}

/** The file that is too old from now on: its row stays, its bytes go. */
async function emptied(
  { anchors, number }: StatusFileRecord,
  ledger: Ledger,
): Promise<readonly Put[]> {
  if (number <= keptFiles) return []
  const old = await ledger.find('statusFile', 'number', [anchors, number - keptFiles])
  if (old === undefined || old.file.length === 0) return []
  const record = { ...old, version: old.version + 1, file: new Uint8Array(), delta: null, book: {} }
  return [{ kind: 'statusFile', record }]
}

function wholeSecond(at: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(at.epochMilliseconds / 1000) * 1000)
}
