// SPDX-License-Identifier: Apache-2.0
import type { TrustRefusal } from '../refusal.ts'

/** Why what a TPM says is not believed, sorted. */
export const tpmRefusals = [
  'attestation-key-unfit',
  'attestation-malformed',
  'attestation-not-from-tpm',
  'attestation-of-another-key',
  'attestation-signature-wrong',
  'attestation-stale',
  'attestation-wrong-type',
  'attested-key-unfit',
  'endorsement-key-unfit',
  'quote-differs',
] as const

export type TpmRefusal = (typeof tpmRefusals)[number] | TrustRefusal
