// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

export interface RotationPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Authority['environment']
}
