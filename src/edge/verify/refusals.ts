// SPDX-License-Identifier: Apache-2.0
import type { Refusal } from '#core/refusal.ts'

/**
 * The status of a refusal, as nginx's auth_request understands it: 401 asks for a certificate, 403 says no to the one
 * that was shown. Whatever else is answered it takes for a break, and lets nobody in either.
 */
export function statusOf(refusal: Refusal): 401 | 403 {
  return refusal === 'credential-missing' ? 401 : 403
}
