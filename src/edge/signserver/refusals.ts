// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from '#core/refusal.ts'
import { type RefusedStatus, usualStatuses } from '#edge/http/refusals.ts'

/**
 * SignServer itself names 400 (the request), 404 (no such worker) and 503 (the key is not to be had); who shows no
 * credential hears 401 (RFC 9110 section 15.5.2).
 */
export const statuses = {
  ...usualStatuses,
  'credential-missing': 401,
} as const satisfies Record<Refusal, RefusedStatus>
