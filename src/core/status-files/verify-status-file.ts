// SPDX-License-Identifier: Apache-2.0
import type { StatusFile } from '#format/compact-status/status-file.ts'
import { statusOf } from '#trust/compact-status/status-of.ts'
import type { KeyHolders } from './authorities-below.ts'
import { allRows, type CertificateRows } from './certificate-rows.ts'

const pageRows = 8_192

/**
 * Asks a file about every certificate of these authorities that it covers and that has not expired.
 *
 * @returns how many it was asked about, and of how many it says something else than the ledger
 */
export async function holdAgainstLedger(
  file: StatusFile,
  holders: readonly KeyHolders[],
  now: Temporal.Instant,
  rows: CertificateRows,
): Promise<{ readonly certificates: number; readonly differ: number }> {
  const least = Math.max(now.epochMilliseconds, file.coversUntil.epochMilliseconds)
  let [certificates, differ] = [0, 0]
  for (const { keySha256, authorities } of holders) {
    for (const { id } of authorities) {
      const page = (after?: Uint8Array) => rows.inRange(id, {}, pageRows, after)
      for await (const found of allRows(page, pageRows)) {
        for (const { serialNumber, state, ...row } of found) {
          const isNewer = row.reservedAtMilliseconds >= file.coversUntil.epochMilliseconds
          if (isNewer || row.notAfterMilliseconds < least) continue
          certificates++
          if (statusOf(file, keySha256, serialNumber) !== state) differ++
        }
      }
    }
  }
  return { certificates, differ }
}
