// SPDX-License-Identifier: Apache-2.0
/** A ledger of certificates in memory: what a status file is held against. */
import { compareBytes } from '#format/bytes.ts'
import type { CertificateState } from '#format/compact-status/changes.ts'
import type { BadPage, CertificateRow, CertificateRows, SerialRange } from './certificate-rows.ts'

export interface TestRow extends CertificateRow {
  readonly authority: string
  state: CertificateState
}

export class RowsInMemory implements CertificateRows {
  readonly all: TestRow[] = []
  readonly allBare: TestRow[] = []
  /** How many rows were read. */
  read = 0

  add(row: TestRow): TestRow {
    this.all.push(row)
    return row
  }

  async inRange(authority: string, range: SerialRange, limit: number, after?: Uint8Array) {
    const page = this.#sorted(authority, range)
      .filter(({ serialNumber }) => !after || compareBytes(serialNumber, after) > 0)
      .slice(0, limit)
    this.read += page.length
    return page
  }

  async count(authority: string, range: SerialRange) {
    return this.#sorted(authority, range).length
  }

  async ofOtherLength(authority: string, limit: number, after?: Uint8Array) {
    const odd = await this.inRange(authority, {}, this.all.length + 1, after)
    return odd.filter(({ serialNumber }) => serialNumber.length !== 16).slice(0, limit)
  }

  async bare(authority: string, limit: number, after?: Uint8Array) {
    return this.allBare
      .filter((row) => row.authority === authority)
      .sort((left, right) => compareBytes(left.serialNumber, right.serialNumber))
      .filter(({ serialNumber }) => !after || compareBytes(serialNumber, after) > 0)
      .slice(0, limit)
  }

  async bad(authority: string): Promise<BadPage> {
    const rows = this.all.filter((row) => row.authority === authority && row.state !== 'fine')
    return { rows, next: undefined }
  }

  #sorted(authority: string, { from, below }: SerialRange): readonly TestRow[] {
    return this.all
      .filter(
        (row) =>
          row.authority === authority &&
          (!from || compareBytes(row.serialNumber, from) >= 0) &&
          (!below || compareBytes(row.serialNumber, below) < 0),
      )
      .sort((left, right) => compareBytes(left.serialNumber, right.serialNumber))
  }
}
