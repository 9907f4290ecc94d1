// SPDX-License-Identifier: Apache-2.0
import type { CertificateState } from '#format/compact-status/changes.ts'

/** What a status file needs to know of a certificate. */
export interface CertificateRow {
  readonly serialNumber: Uint8Array
  readonly state: CertificateState
  readonly notAfterMilliseconds: number
  readonly reservedAtMilliseconds: number
}

/** Serial numbers compare octet by octet, a prefix first. */
export interface SerialRange {
  /** Included; absent: from the first one. */
  readonly from?: Uint8Array
  /** Not included; absent: to the last one. */
  readonly below?: Uint8Array
}

/** Where the certificates of millions are read: few columns, many rows, in one order. */
export interface CertificateRows {
  /** By serial number: at most `limit` that come after `after`. */
  inRange(
    authority: string,
    range: SerialRange,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CertificateRow[]>
  /** How many there are, whatever their state. */
  count(authority: string, range: SerialRange): Promise<number>
  /** By serial number: those of another length than 16 octets. */
  ofOtherLength(
    authority: string,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CertificateRow[]>
  /**
   * By serial number: what another PKI, or a list of the time that a restore lost, says ended, of certificates
   * that nobody has here.
   */
  bare(authority: string, limit: number, after?: Uint8Array): Promise<readonly CertificateRow[]>
  /** Those that are not to be believed, in any order, each page with where the next one begins. */
  bad(authority: string, limit: number, after?: BadCursor): Promise<BadPage>
}

export interface BadPage {
  readonly rows: readonly CertificateRow[]
  /** Undefined at the end. */
  readonly next: BadCursor | undefined
}

/** Opaque: the place of the last row. */
export type BadCursor = readonly [shard: number, revokedAt: number, id: Uint8Array]

/** All of a walk, page by page. */
export async function* allRows(
  page: (after: Uint8Array | undefined) => Promise<readonly CertificateRow[]>,
  limit: number,
): AsyncGenerator<readonly CertificateRow[]> {
  for (let after: Uint8Array | undefined; ; ) {
    const rows = await page(after)
    if (rows.length > 0) yield rows
    if (rows.length < limit) return
    after = rows.at(-1)?.serialNumber
  }
}

/** Every row that is not to be believed. */
export async function* allBad(
  rows: CertificateRows,
  authority: string,
  limit: number,
): AsyncGenerator<readonly CertificateRow[]> {
  for (let after: BadCursor | undefined; ; ) {
    const page = await rows.bad(authority, limit, after)
    if (page.rows.length > 0) yield page.rows
    if (page.next === undefined) return
    after = page.next
  }
}
