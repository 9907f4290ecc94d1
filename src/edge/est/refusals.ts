// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from '#core/refusal.ts'
import { type RefusedStatus, usualStatuses } from '#edge/http/refusals.ts'

/**
 * RFC 7030 section 4.2.3 asks for some 4xx or 5xx; which one, stands here.
 *
 * 401 (RFC 9110 section 15.5.2): another enrolment code may help. 403: no other code will.
 */
export const statuses = {
  ...usualStatuses,
  'code-expired': 401,
  'code-used': 401,
  'code-wrong': 401,
  'element-unassigned': 401,
} as const satisfies Record<Refusal, RefusedStatus>
