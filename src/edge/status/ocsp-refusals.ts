// SPDX-License-Identifier: Apache-2.0
import type { OcspRefusal } from '#core/ocsp/desk.ts'
import type { OcspError } from '#format/ocsp/response.ts'

/**
 * What a client is told for each "no": all are HTTP 200, and none is signed.
 *
 * `unauthorized` says that this server is not the one to ask (RFC 9919 section 3.2.3), `tryLater` that it is
 * and cannot answer now.
 *
 * @see RFC 6960 section 4.2.1, OCSPResponseStatus
 */
export const ocspErrors = {
  'certificate-unknown': 'unauthorized',
  'clock-ahead': 'tryLater',
  'clock-behind': 'tryLater',
  'issuer-unknown': 'unauthorized',
  'rate-limited': 'tryLater',
  'request-malformed': 'malformedRequest',
  'request-too-large': 'malformedRequest',
  'responder-missing': 'tryLater',
} as const satisfies Record<OcspRefusal, OcspError['kind']>
