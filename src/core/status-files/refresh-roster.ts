// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { saltBytes } from '#format/compact-status/block.ts'
import { certificateStates } from '#format/compact-status/changes.ts'
import { octetsOf } from '#format/compact-status/fields.ts'
import { type AuthorityStatus, rosterWidth } from '#format/compact-status/status-file.ts'
import { type KeyHash, keyHash, octetsOfHash, plainSerial } from '#trust/compact-status/key-hash.ts'
import { secondsAfter } from '#trust/compact-status/serial-time.ts'
import { sha256 } from '#trust/digest.ts'
import { allRows, type CertificateRow, type CertificateRows } from './certificate-rows.ts'
import type { Span } from './refresh-blocks.ts'
import { drawnElsewhere } from './serial-ranges.ts'

export type Roster = Pick<AuthorityStatus, 'roster' | 'rosterSalt'>

export const emptyRoster: Roster = {
  roster: new Uint8Array(),
  rosterSalt: new Uint8Array(saltBytes),
}

const pageRows = 8_192

/** Where the serial numbers of an authority come from. */
export interface Origins {
  /** False for one that signs elsewhere: all that we know of it stands here, since it may have issued more. */
  readonly hasBlocks: boolean
  /** Whether it issued before it came to us. */
  readonly mayBeForeign: boolean
}

/**
 * The certificates whose serial numbers we did not draw, or did in a time that the blocks do not hold, and those
 * of which nothing is known but that they ended: each by 62 bits of its hash, so that one which nobody knows here
 * is not taken for another.
 *
 * @param before whose salt goes on, so that what did not change stays as it is
 */
export async function refreshRoster(
  span: Span,
  before: Roster,
  ports: { readonly rows: CertificateRows; readonly seed: Uint8Array },
  origins: Origins,
): Promise<Roster> {
  const known = new Map<string, CertificateRow>()
  for (const authority of span.authorities) {
    for await (const row of elsewhere(authority, span, origins, ports.rows)) {
      if (row.notAfterMilliseconds < span.livingFrom * 1000) continue
      known.set(plainSerial(row.serialNumber).toHex(), row)
    }
    // Also of our own form: a list that outlived a restore names what nobody else knows of.
    const bare = (after?: Uint8Array) => ports.rows.bare(authority, pageRows, after)
    for await (const page of allRows(bare, pageRows))
      for (const row of page) known.set(plainSerial(row.serialNumber).toHex(), row)
  }
  if (known.size === 0) return emptyRoster
  const rows = [...known.values()]
  for (let attempt = before.roster.length > 0 ? -1 : 0; attempt < mostAttempts; attempt++) {
    const salt = attempt < 0 ? before.rosterSalt : drawn(ports.seed, attempt)
    const roster = entriesOf(rows, salt)
    if (roster !== undefined) return { roster, rosterSalt: salt }
  }
  throw new RangeError(`no salt of ${mostAttempts} tells ${rows.length} serial numbers apart`)
}

const mostAttempts = 16

async function* elsewhere(
  authority: string,
  { since, until }: Span,
  { hasBlocks, mayBeForeign }: Origins,
  rows: CertificateRows,
): AsyncGenerator<CertificateRow> {
  for (const range of hasBlocks ? drawnElsewhere(since, until) : [{}]) {
    const page = (after?: Uint8Array) => rows.inRange(authority, range, pageRows, after)
    for await (const found of allRows(page, pageRows))
      yield* found.filter((row) => !hasBlocks || !isNewer(row, since, until))
  }
  if (!mayBeForeign) return
  const odd = (after?: Uint8Array) => rows.ofOtherLength(authority, pageRows, after)
  for await (const found of allRows(odd, pageRows)) yield* found
}

/** Drawn by us at `until` or later: what the file does not cover yet. */
function isNewer(
  { serialNumber, reservedAtMilliseconds }: CertificateRow,
  since: number,
  until: number,
): boolean {
  const second = secondsAfter(since, serialNumber)
  return second !== undefined && since + second >= until && reservedAtMilliseconds >= until * 1000
}

/** Ascending by the hash; undefined if two have the same. */
function entriesOf(rows: readonly CertificateRow[], salt: Uint8Array): Uint8Array | undefined {
  const entries = rows.map(({ serialNumber, state }) => {
    const hash = firstEight(keyHash(salt, 'roster', plainSerial(serialNumber)))
    return (hash & ~3n) | BigInt(certificateStates.indexOf(state))
  })
  const sorted = BigUint64Array.from(entries).sort()
  const roster = new Uint8Array(sorted.length * rosterWidth)
  const view = new DataView(roster.buffer)
  for (const [index, entry] of sorted.entries()) {
    if (index > 0 && sorted[index - 1]! >> 2n === entry >> 2n) return undefined
    view.setBigUint64(index * rosterWidth, entry)
  }
  return roster
}

function firstEight(hash: KeyHash): bigint {
  return new DataView(octetsOfHash(hash, rosterWidth).buffer).getBigUint64(0)
}

function drawn(seed: Uint8Array, attempt: number): Uint8Array {
  const message = concatBytes([seed, new TextEncoder().encode('roster'), octetsOf(attempt, 4)])
  return sha256(message).slice(0, saltBytes)
}
