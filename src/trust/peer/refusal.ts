// SPDX-License-Identifier: Apache-2.0
import type { Refused, TrustRefusal } from '../refusal.ts'

/** Why a peer is not believed whose path may well be valid. */
export const peerRefusals = [
  'certificate-held',
  'certificate-malformed',
  'certificate-revoked',
  'identity-differs',
  'status-outdated',
  'status-unknown',
] as const

export type PeerRefusal = TrustRefusal | (typeof peerRefusals)[number]
export type PeerRefused = Refused<PeerRefusal>
