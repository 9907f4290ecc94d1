// SPDX-License-Identifier: Apache-2.0
/** What a client of the API may cost; every number stands here, with where it comes from. */
export const limits = {
  /** A JSON body: a profile document has 4 kB, a chain of ML-DSA certificates in PEM 30 kB. */
  bodyBytes: 262_144,
  /** A CSV upload, which is streamed: ten million certificates in base64 at 1.5 kB a row. */
  uploadBytes: 16_000_000_000,
  /** Of one source at a networked door, in a minute: a page that polls every second, ten times over. */
  requestsPerMinute: 600,
  /** Sources counted at one time. */
  sourcesCounted: 10_000,
  /** A remembered answer may stand for a repetition so long: a client has given up by then. */
  rememberedAnswerMinutes: 15,
  rememberedAnswers: 1_000,
  /** Between two signs of life on a stream of events: under the 30 s after which proxies cut. */
  heartbeatMilliseconds: 15_000,
  /** Streams of events at one time, each a socket and a subscription. */
  eventStreams: 200,
  /** The owner's socket: its connections are few, and an artefact of gigabytes may take its time. */
  socketKeepAliveMilliseconds: 72_000,
  socketRequestMilliseconds: 0,
  /** Passphrases hashed at one time, 64 MiB each; and waiting for their turn. */
  hashing: 2,
  hashingWaiting: 20,
} as const
