// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '#core/scan/finding.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import type { Budgets } from '#core/scan/walk/budgets.ts'

/** What was found, before anybody said what of it is accepted. */
export interface RawScan {
  readonly findings: readonly Finding[]
  readonly notScanned: readonly NotScanned[]
  readonly files: number
  readonly octets: number
}

/** What the house does of a scan. */
export interface ScanWork {
  /** The version of this program. */
  readonly version: string
  scan(
    order: {
      readonly paths: readonly string[]
      readonly budgets: Partial<Budgets>
      readonly now: Temporal.Instant
    },
    tell: (progress: { readonly files: number; readonly octetsIn: number }) => void,
  ): Promise<RawScan>
  /**
   * SHA-256 of a file; of a directory or of several paths, SHA-256 of what `sha256sum` prints of their files, sorted by
   * their octets. Reads all of it once more.
   */
  digest(paths: readonly string[]): Promise<{ readonly sha256: string; readonly octets: number }>
}
