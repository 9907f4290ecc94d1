// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { VendorRegister } from '../vendors/vendor-trust.ts'

/** What every verb about secure elements needs. */
export interface ElementPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** What judging an element's certificate needs besides. */
export interface VouchingPorts extends ElementPorts {
  readonly vendors: VendorRegister
}
