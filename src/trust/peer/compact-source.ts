// SPDX-License-Identifier: Apache-2.0

import type { TrustedStatusFile } from '../compact-status/open-status-file.ts'
import { statusOf } from '../compact-status/status-of.ts'
import { sha256 } from '../digest.ts'
import type { StatusAnswer, StatusQuestion, StatusSource } from './status-source.ts'

/** CRLReason certificateHold, RFC 5280 section 5.3.1. */
const certificateHold = 6

/**
 * A compact status file as a source; it also knows what no list publishes (RFC 9608).
 *
 * @param file is asked at each question, so that an application can exchange it while it runs; undefined: it has none
 */
export function compactSource(file: () => TrustedStatusFile | undefined): StatusSource {
  return {
    name: 'compact status file',
    statusOf: (question) => {
      const trusted = file()
      return trusted === undefined
        ? { kind: 'unknown', because: 'there is no file' }
        : statusIn(trusted, question)
    },
  }
}

function statusIn(
  { file }: TrustedStatusFile,
  { certificate, issuer, at }: StatusQuestion,
): StatusAnswer {
  const said = statusOf(file, sha256(issuer.publicKey.spki), certificate.serialNumber)
  switch (said) {
    case 'revoked':
      return { kind: 'revoked', since: undefined, reason: undefined }
    case 'held':
      return { kind: 'revoked', since: undefined, reason: certificateHold }
    case 'fine':
      return Temporal.Instant.compare(at, file.expiresAt) < 0
        ? { kind: 'good', until: file.expiresAt }
        : { kind: 'outdated', because: `it was good until ${file.expiresAt}, it is ${at}` }
    case 'expired':
    case 'not-covered':
      return { kind: 'unknown', because: `it covers what was issued before ${file.coversUntil}` }
  }
}
