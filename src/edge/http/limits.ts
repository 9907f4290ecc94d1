// SPDX-License-Identifier: Apache-2.0
/** What one front lets its peers cost; every number stands here, with where it comes from. */
export interface FrontLimits {
  /** Request line and fields together. A JOSE or session field needs 4 kB; node:http's own default is 16 kB. */
  readonly maxHeaderBytes: number
  /** From the start of a connection, or of a request, to the end of its fields. nginx: 60 s; a device on a bad link needs a few. */
  readonly headerMilliseconds: number
  /** From a request's first byte to its body's last: 64 kB at 2 kB/s, the slowest cellular link worth serving. */
  readonly requestMilliseconds: number
  /** TLS handshake. Firmware TPMs and OP-TEE were seen to take 5 to 50 s (rauc-hawkbit-updater issue 169). */
  readonly handshakeMilliseconds: number
  /** A PROXY header leaves its proxy in the first packet; HAProxy itself waits 3 s for a handshake. */
  readonly proxyHeaderMilliseconds: number
  /** From a whole request to the head of its answer; then the peer hears that it is to come again. */
  readonly answerMilliseconds: number
  /** Without a byte either way, a connection with work in hand is cut: a peer that reads no answers. */
  readonly idleMilliseconds: number
  /** Between two requests. Short, since a device asks seldom and each connection costs about 60 kB. */
  readonly keepAliveMilliseconds: number
  /** How often the time limits are looked at. */
  readonly checkMilliseconds: number
  /** At one time. 60 kB each makes 600 MB at the very worst. */
  readonly maxConnections: number
  /** At one time from one IPv4 address or IPv6 /64; a whole hospital or factory may stand behind one. */
  readonly maxConnectionsPerAddress: number
  /** Then the connection is closed and may be made anew, so that a certificate is looked at again. */
  readonly maxRequestsPerConnection: number
  /** A refused body is still thrown away this far, so that its sender can read the refusal (RFC 9112 section 9.6). */
  readonly lingerBytes: number
  readonly lingerMilliseconds: number
  /** How long `close()` leaves connections alone that have not asked yet: a handshake and its request. */
  readonly graceMilliseconds: number
  /** How long `close()` waits for answers under way. systemd kills after 90 s by default. */
  readonly drainMilliseconds: number
}

export const deviceLimits: FrontLimits = {
  maxHeaderBytes: 16_384,
  headerMilliseconds: 20_000,
  requestMilliseconds: 60_000,
  handshakeMilliseconds: 60_000,
  proxyHeaderMilliseconds: 5_000,
  answerMilliseconds: 30_000,
  idleMilliseconds: 60_000,
  keepAliveMilliseconds: 10_000,
  checkMilliseconds: 2_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  maxRequestsPerConnection: 1_000,
  lingerBytes: 1_048_576,
  lingerMilliseconds: 2_000,
  graceMilliseconds: 1_000,
  drainMilliseconds: 20_000,
}

/** Public lists over plain HTTP: nobody has a slow key here. */
export const statusLimits: FrontLimits = {
  ...deviceLimits,
  maxHeaderBytes: 8_192,
  headerMilliseconds: 10_000,
  requestMilliseconds: 20_000,
}
