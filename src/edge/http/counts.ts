// SPDX-License-Identifier: Apache-2.0
import type { TlsVersion } from '#trust/tls-settings.ts'

/** What happened at a front since it opened: for metrics, and for tests. */
export interface FrontCounts {
  connections: number
  /** Cut at once: too many in all or from one address. */
  connectionsRefused: number
  /** Closed on the proxies' port: from no known proxy, or without a right PROXY header. */
  proxiesRefused: number
  /** TLS handshakes that were completed. */
  handshakes: number
  /** The same by what was spoken: their sum. */
  readonly handshakesBy: Record<TlsVersion, number>
  /** Cut before or in the TLS handshake: slow, half-open, or not TLS at all. */
  handshakesFailed: number
  /** The same by why: their sum. */
  readonly handshakesFailedBy: Record<HandshakeFailure, number>
  requests: number
  /** Not HTTP, or beyond the limits on fields. */
  requestsMalformed: number
  /** Fields or body came too slowly. */
  requestsTooSlow: number
  bodiesTooLarge: number
  /** A handler threw; the peer got 500 or 503. */
  handlersBroken: number
  /** The peer went away, or a stream broke, in the middle of an answer. */
  answersBroken: number
}

export function zeroCounts(): FrontCounts {
  return {
    connections: 0,
    connectionsRefused: 0,
    proxiesRefused: 0,
    handshakes: 0,
    handshakesBy: { 'TLSv1.2': 0, 'TLSv1.3': 0 },
    handshakesFailed: 0,
    handshakesFailedBy: zeroFailures(),
    requests: 0,
    requestsMalformed: 0,
    requestsTooSlow: 0,
    bodiesTooLarge: 0,
    handlersBroken: 0,
    answersBroken: 0,
  }
}

/** Why a handshake came to nothing, as far as it can be told. */
export const handshakeFailures = [
  'timeout',
  'cut',
  'not-tls',
  'version',
  'algorithms',
  'not-trusted',
  'other',
] as const

export type HandshakeFailure = (typeof handshakeFailures)[number]

/** The class of a failure from the code of node's or OpenSSL's error. */
export function handshakeFailureOf(code: string | undefined): HandshakeFailure {
  return (code !== undefined && failureOfCode.get(code)) || 'other'
}

const failureOfCode = new Map<string, HandshakeFailure>([
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'cut'],
  ['EPIPE', 'cut'],
  ['ERR_SSL_UNEXPECTED_EOF_WHILE_READING', 'cut'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not-tls'],
  ['ERR_SSL_HTTP_REQUEST', 'not-tls'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'not-tls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'not-tls'],
  ['ERR_SSL_RECORD_LAYER_FAILURE', 'not-tls'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'version'],
  ['ERR_SSL_VERSION_TOO_LOW', 'version'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'algorithms'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'algorithms'],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'algorithms'],
  ['ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS', 'algorithms'],
  // The peer says that it does not believe our certificate.
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'not-trusted'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'not-trusted'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'not-trusted'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'not-trusted'],
  ['ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE', 'not-trusted'],
])

function zeroFailures(): Record<HandshakeFailure, number> {
  return Object.fromEntries(handshakeFailures.map((one) => [one, 0])) as Record<
    HandshakeFailure,
    number
  >
}
