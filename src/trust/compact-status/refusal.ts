// SPDX-License-Identifier: Apache-2.0
import type { TrustRefusal } from '../refusal.ts'

/** Why a status file, or what leads from one to the next, is not used, sorted. */
export const statusFileRefusals = [
  'status-delta-wrong',
  'status-file-early',
  'status-file-malformed',
  'status-file-older',
  'status-file-other-anchors',
  'status-file-stale',
] as const

export type StatusFileRefusal = (typeof statusFileRefusals)[number] | TrustRefusal
