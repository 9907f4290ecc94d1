// SPDX-License-Identifier: Apache-2.0
import type { Refused, TrustRefusal } from '../refusal.ts'

/** Why what a person signed is not believed. */
export const approvalRefusals = [
  'approval-of-another-manifest',
  'approval-of-another-release',
  'approval-signature-wrong',
  'approval-statement-wrong',
  'approver-key-not-active',
  'approver-not-this-person',
] as const

export type ApprovalRefused = Refused<TrustRefusal | (typeof approvalRefusals)[number]>
