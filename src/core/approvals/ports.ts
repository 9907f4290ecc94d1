// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Key } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** What every verb about approvals needs. */
export interface ApprovalPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  /** Of the installation: in a trial there may be one person only, and nothing real is lost. */
  readonly environment: Key['environment']
}
