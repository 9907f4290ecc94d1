// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BareRevocation, CertificateRecord } from '#core/ledger/tables.ts'
import {
  allBad,
  allRows,
  type CertificateRow,
  type CertificateRows,
} from '#core/status-files/certificate-rows.ts'
import { compareBytes } from '#format/bytes.ts'
import type { OnEmptyStore } from './contract.ts'

export function rowsContract(database: string, onEmptyStore: OnEmptyStore): void {
  test(`${database}: certificates are walked narrow by serial number, and counted, as a plain filter gives`, () =>
    onEmptyStore(async ({ store: { ledger, rows }, samples }) => {
      const like = samples.put('certificate').record as CertificateRecord
      const records = Array.from({ length: 120 }, (_, index): CertificateRecord => {
        const sample = samples.put('certificate').record as CertificateRecord
        const octets = index % 9 === 0 ? 20 : 16
        const bad = index % 3 === 0
        return {
          ...{ ...sample, authority: like.authority, version: 1, shard: index % 4 },
          serialNumber: Uint8Array.from({ length: octets }, (_, at) =>
            at < 2 ? (index * 37 + at) % 251 : index,
          ),
          revokedAt: bad ? sample.reservedAt : null,
          revocationReason: bad ? (index % 2 === 0 ? 6 : 1) : null,
        }
      })
      await ledger.commit({
        puts: [like, ...records].map((record) => ({ kind: 'certificate', record }) as const),
        events: [],
      })
      const own = records.toSorted((one, other) =>
        compareBytes(one.serialNumber, other.serialNumber),
      )
      for (const [from, below] of [
        [undefined, undefined],
        [60, undefined],
        [undefined, 200],
        [60, 200],
      ] as const) {
        const range = {
          ...(from !== undefined && { from: Uint8Array.of(from) }),
          ...(below !== undefined && { below: Uint8Array.of(below, 0) }),
        }
        const wanted = own.filter(
          ({ serialNumber }) =>
            (!range.from || compareBytes(serialNumber, range.from) >= 0) &&
            (!range.below || compareBytes(serialNumber, range.below) < 0),
        )
        const page = (after?: Uint8Array) => rows.inRange(like.authority, range, 7, after)
        const met = (await gathered(allRows(page, 7))).filter((one) => !isOf(one, like))
        assert.deepEqual(met, wanted.map(rowOf))
        const other = [like].filter(({ serialNumber }) => isIn(serialNumber, range)).length
        assert.equal(await rows.count(like.authority, range), wanted.length + other)
      }
      const odd = (after?: Uint8Array) => rows.ofOtherLength(like.authority, 5, after)
      const long = (await gathered(allRows(odd, 5))).filter((one) => !isOf(one, like))
      assert.deepEqual(
        long,
        own.filter(({ serialNumber }) => serialNumber.length !== 16).map(rowOf),
      )
      const known = own[0]!.serialNumber
      const [held, ended] = [Uint8Array.of(7, 7), Uint8Array.of(9, 9, 9)]
      const bare = [known, held, ended].map((serialNumber, index) => {
        const sample = samples.put('bareRevocation').record as BareRevocation
        const reason = index === 1 ? 6 : 1
        return { ...sample, version: 1, authority: like.authority, serialNumber, reason }
      })
      await ledger.commit({
        puts: bare.map((record) => ({ kind: 'bareRevocation', record }) as const),
        events: [],
      })
      const nobodys = (after?: Uint8Array) => rows.bare(like.authority, 1, after)
      assert.deepEqual(
        (await gathered(allRows(nobodys, 1))).map((one) => [one.serialNumber, one.state]),
        [
          [held, 'held'],
          [ended, 'revoked'],
        ],
      )
      assert.deepEqual(
        await bad(rows, like),
        own.filter(({ revokedAt }) => revokedAt !== null).map(rowOf),
      )
    }))
}

async function bad(rows: CertificateRows, like: CertificateRecord) {
  const met = await gathered(allBad(rows, like.authority, 6))
  return met
    .filter((one) => !isOf(one, like))
    .sort((one, other) => compareBytes(one.serialNumber, other.serialNumber))
}

async function gathered(
  pages: AsyncIterable<readonly CertificateRow[]>,
): Promise<CertificateRow[]> {
  const all: CertificateRow[] = []
  for await (const page of pages) all.push(...page)
  return all
}

function isOf({ serialNumber }: CertificateRow, record: CertificateRecord): boolean {
  return compareBytes(serialNumber, record.serialNumber) === 0
}

function isIn(serial: Uint8Array, range: { from?: Uint8Array; below?: Uint8Array }): boolean {
  return (
    (!range.from || compareBytes(serial, range.from) >= 0) &&
    (!range.below || compareBytes(serial, range.below) < 0)
  )
}

function rowOf(record: CertificateRecord): CertificateRow {
  const ended = record.revocationReason === 6 ? 'held' : 'revoked'
  return {
    serialNumber: record.serialNumber,
    state: record.revokedAt === null ? 'fine' : ended,
    notAfterMilliseconds: record.notAfter.epochMilliseconds,
    reservedAtMilliseconds: record.reservedAt.epochMilliseconds,
  }
}
