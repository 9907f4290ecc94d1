// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock, Randomness } from '../ports.ts'

export interface ApplicationPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}
