// SPDX-License-Identifier: Apache-2.0
/** What RFC 3161 sends to and fro. */
import { limits } from '#format/der/budget.ts'
import { oid } from '#format/der/oid.ts'
import { algorithms } from '#format/oids.ts'
import { encodeTimeStampRequest, parseTimeStampRequest } from '#format/time-stamp/request.ts'
import {
  encodeGranted,
  encodeRejected,
  parseTimeStampResponse,
} from '#format/time-stamp/response.ts'
import { encodeTstInfo, parseTstInfo } from '#format/time-stamp/tst-info.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { Target } from './targets.ts'

const policy = oid('1.2.3.4.1')
const messageImprint = {
  hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256),
  hashedMessage: new Uint8Array(32).fill(7),
}
const request = encodeTimeStampRequest({
  ...{ messageImprint, policy, nonce: Uint8Array.of(1, 2, 3), wantsCertificate: true },
})
const info = encodeTstInfo({
  ...{ messageImprint, policy, serialNumber: Uint8Array.of(1), nonce: Uint8Array.of(1, 2, 3) },
  genTime: Temporal.Instant.from('2027-01-02T03:04:05Z'),
  accuracy: Temporal.Duration.from({ seconds: 1, milliseconds: 2, microseconds: 3 }),
  ordering: true,
})

export const timeStampTargets: readonly Target[] = [
  {
    name: 'time-stamp-request',
    parse: parseTimeStampRequest,
    again: (der) => encodeTimeStampRequest(parseTimeStampRequest(der)),
    ...{ exact: true, limits: limits.small, seeds: [request] },
  },
  {
    name: 'time-stamp-response',
    parse: parseTimeStampResponse,
    again(der) {
      const read = parseTimeStampResponse(der)
      if (read.kind === 'granted') return encodeGranted(read.token)
      return encodeRejected(read.failure, read.text)
    },
    // Granted with modifications is granted; several texts become one.
    ...{ exact: false, limits: limits.signedData },
    seeds: [encodeGranted(info), encodeRejected('badAlg', 'not this digest')],
  },
  {
    name: 'time-stamp-info',
    parse: parseTstInfo,
    again: (der) => encodeTstInfo(parseTstInfo(der)),
    // The name of the authority and extensions are read and not written.
    ...{ exact: false, limits: limits.small, seeds: [info] },
  },
]
