// SPDX-License-Identifier: Apache-2.0
import type { Founding, KeysIn } from '../authority/founding.ts'
import type { IssuingPorts } from '../authority/issue.ts'
import type { Authority } from '../ledger/tables.ts'

/** What keys of artefacts are made with. */
export interface KeyPorts extends IssuingPorts {
  readonly environment: Authority['environment']
  /** Stands in the subjects of signers. */
  readonly maker: string
  /** Whether roots are made here; elsewhere people bring an authority for signers. */
  readonly hasRootsHere: boolean
  /** How the authorities for signers are made. */
  founding(keysIn: KeysIn): Founding
}
