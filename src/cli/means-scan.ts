// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '#core/scan/finding.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import type { RawKey } from '#core/scan/raw-keys.ts'
import type { Budgets } from '#core/scan/walk/budgets.ts'

/** What was found, before anybody said what of it is accepted. */
export interface RawScan {
  readonly findings: readonly Finding[]
  readonly notScanned: readonly NotScanned[]
  readonly files: number
  readonly octets: number
  /** Octets that may be private keys, for the inventory to be asked about. */
  readonly rawKeys: readonly RawKey[]
  /** Lists of weak keys that could not be asked, and why. */
  readonly listFaults: readonly { readonly file: string; readonly because: string }[]
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
      /** Whether an inventory is asked about what comes of it. */
      readonly asksInventory: boolean
      /** The data directory whose lists of weak keys are asked. */
      readonly data: string | undefined
    },
    tell: (progress: { readonly files: number; readonly octetsIn: number }) => void,
  ): Promise<RawScan>
  /**
   * SHA-256 of a file; of a directory or of several paths, SHA-256 of what `sha256sum` prints of their files, sorted by
   * their octets. Reads all of it once more.
   */
  digest(paths: readonly string[]): Promise<{ readonly sha256: string; readonly octets: number }>
}
