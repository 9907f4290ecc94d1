// SPDX-License-Identifier: Apache-2.0
import type { CertifiedClaim, CertifyRequest } from '#format/attestation/messages.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import type { CertifiedKey } from '#trust/tpm/certified-key.ts'
import type { AttestationSession, Device } from '../ledger/tables.ts'
import type { Asked, AttestationDoor } from './ports.ts'
import type { Measured } from './registers.ts'

/** An exchange whose secret came back. */
export interface Exchange {
  readonly request: CertifyRequest
  readonly asked: Asked
  /** Closed already. */
  readonly session: AttestationSession
  readonly device: Device
  readonly door: AttestationDoor
}

/** A key that was found to be in the TPM, with the words that said so. */
export interface VouchedKey {
  readonly claim: CertifiedClaim
  readonly certified: CertifiedKey
}

/** What was believed, to be booked in one commit. */
export interface Proof extends Exchange {
  readonly attestationKey: TpmPublic
  readonly keys: readonly VouchedKey[]
  readonly measured: Measured
}

/** How the TPM calls itself, as was found when the exchange began. */
export function moduleOf({ facts }: AttestationSession): string {
  return String(facts.module)
}
