// SPDX-License-Identifier: Apache-2.0
import type { Code, Device } from '../ledger/tables.ts'

/** A device that a code belongs to; whether the code is still good is asked later. */
export interface AdmittedByCode {
  readonly kind: 'admitted'
  readonly device: Device
  readonly proof: 'code'
  readonly credential: string
  readonly code: Code
}
