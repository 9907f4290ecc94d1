// SPDX-License-Identifier: Apache-2.0
import {
  type AuthorityStatus,
  type Block,
  rosterWidth,
  type StatusContent,
  type StatusFile,
} from '#format/compact-status/status-file.ts'
import { isOfThisHouse } from '../ledger/authority-origin.ts'
import type { StatusBook } from '../ledger/tables.ts'
import type { KeyHolders } from './authorities-below.ts'
import {
  type BlockPorts,
  type BookedBlock,
  bookedBlocks,
  refreshBlocks,
  type Span,
} from './refresh-blocks.ts'
import { emptyRoster, refreshRoster } from './refresh-roster.ts'

export interface Before {
  readonly file: StatusFile
  readonly book: StatusBook
}

export interface Planned {
  readonly content: Omit<StatusContent, 'expiresAt'>
  readonly book: StatusBook
  readonly certificates: number
  readonly revoked: number
}

/** Serial numbers may be a little older than their authority's record: clocks of nodes differ. */
const slackSeconds = 86_400

/**
 * What has expired is told for so long: a reader whose clock is behind takes it for good, and a file that is made
 * by as much ahead of that clock as `status-file-early` allows.
 */
const toldAfterEndSeconds = 3_600

/**
 * What the next file of a set says: of every certificate that these authorities issued before `coversUntil`.
 *
 * @param before the newest file of the same set, from which it goes on; undefined: all is read
 */
export async function planStatusFile(
  wanted: {
    readonly anchors: Uint8Array
    readonly holders: readonly KeyHolders[]
    readonly number: number
    readonly madeAt: Temporal.Instant
    /** A whole second; never before that of the file before. */
    readonly coversUntil: Temporal.Instant
  },
  before: Before | undefined,
  ports: BlockPorts,
): Promise<Planned> {
  const authorities: AuthorityStatus[] = []
  const book: Record<string, BookedBlock['book'][]> = {}
  let [certificates, revoked] = [0, 0]
  for (const { keySha256, authorities: holders } of wanted.holders) {
    const key = keySha256.toHex()
    const old = before?.file.authorities.find((one) => one.keySha256.toHex() === key)
    const since = old ? secondsOf(old.since) : firstSecond(holders)
    const until = Math.max(since, secondsOf(wanted.coversUntil))
    const livingFrom = secondsOf(wanted.coversUntil) - toldAfterEndSeconds
    const span: Span = { authorities: holders.map(({ id }) => id), since, until, livingFrom }
    const isOurs = holders.some((one) => one.key !== null)
    const blocks = !isOurs
      ? []
      : await refreshBlocks(
          span,
          old ? bookedBlocks(old, before?.book[key]) : [],
          before ? secondsOf(before.file.coversUntil) : since,
          ports,
        )
    const roster = await refreshRoster(span, old ?? emptyRoster, ports, {
      ...{ hasBlocks: isOurs, mayBeForeign: isOurs && !holders.every(isOfThisHouse) },
    })
    authorities.push({
      ...{ keySha256, since: Temporal.Instant.fromEpochMilliseconds(since * 1000) },
      ...{ ...contentOf(blocks), ...roster },
    })
    book[key] = blocks.map((one) => one.book)
    certificates +=
      roster.roster.length / rosterWidth + blocks.reduce((sum, one) => sum + one.book.rows, 0)
    revoked += badInRoster(roster.roster) + blocks.reduce((sum, one) => sum + one.book.bad, 0)
  }
  const { anchors, number, madeAt, coversUntil } = wanted
  return {
    content: { anchors, number, madeAt, coversUntil, authorities },
    book,
    certificates,
    revoked,
  }
}

function contentOf(booked: readonly BookedBlock[]): Pick<AuthorityStatus, 'blocks' | 'changes'> {
  const blocks = booked.map(({ start, built }): Block => ({ start, base: built.base }))
  const changes = booked.flatMap(({ built }, block) =>
    built.changes === undefined ? [] : [{ ...built.changes, block }],
  )
  return { blocks, changes }
}

function badInRoster(roster: Uint8Array): number {
  let bad = 0
  for (let at = rosterWidth - 1; at < roster.length; at += rosterWidth)
    if ((roster[at]! & 3) !== 0) bad++
  return bad
}

function firstSecond(holders: KeyHolders['authorities']): number {
  return Math.min(...holders.map(({ createdAt }) => secondsOf(createdAt))) - slackSeconds
}

function secondsOf(at: Temporal.Instant): number {
  return Math.floor(at.epochMilliseconds / 1000)
}
