// SPDX-License-Identifier: Apache-2.0
/** What happened at a front since it opened: for metrics, and for tests. */
export interface FrontCounts {
  connections: number
  /** Cut at once: too many in all or from one address. */
  connectionsRefused: number
  /** Cut before or in the TLS handshake: slow, half-open, or not TLS at all. */
  handshakesFailed: number
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
    handshakesFailed: 0,
    requests: 0,
    requestsMalformed: 0,
    requestsTooSlow: 0,
    bodiesTooLarge: 0,
    handlersBroken: 0,
    answersBroken: 0,
  }
}
