// SPDX-License-Identifier: Apache-2.0
import type { KeyInElement } from '../elements/find-element.ts'
import type { Attestation, Code, Device } from '../ledger/tables.ts'

/** A device that a code or a ticket belongs to; whether it is still good is asked later. */
export interface AdmittedByCode {
  readonly kind: 'admitted'
  readonly device: Device
  /** `tpm`: it is a ticket, which a TPM earned for one of its keys. */
  readonly proof: 'code' | 'tpm'
  readonly credential: string
  readonly code: Code
  /** Of a ticket: what was proved of the one key that it is good for. */
  readonly attestation: Attestation | undefined
}

/** A device whose own element has the key that signed the request. */
export interface AdmittedByElement {
  readonly kind: 'by-element'
  readonly device: Device
  readonly proof: 'secure-element'
  /** The id of the element's key. */
  readonly credential: string
  readonly found: KeyInElement
}
