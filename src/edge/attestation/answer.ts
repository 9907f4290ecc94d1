// SPDX-License-Identifier: Apache-2.0
import type { Begun } from '#core/attestation/begin.ts'
import type { Certified } from '#core/attestation/certify.ts'
import type { Refused } from '#core/refusal.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { usualStatuses, usualWaits } from '#edge/http/refusals.ts'
import {
  attestationMediaType,
  encodeBeginAnswer,
  encodeCertifyAnswer,
} from '#format/attestation/messages.ts'

export function answerBegun(begun: Begun): HttpResponse {
  return begun.kind === 'refused' ? answerRefused(begun) : json(encodeBeginAnswer(begun.answer))
}

/** The tickets in it are secret. */
export function answerCertified(certified: Certified): HttpResponse {
  return certified.kind === 'refused'
    ? answerRefused(certified)
    : json(encodeCertifyAnswer(certified.answer))
}

/** RFC 9457: `type` is left out and so means `about:blank`; `code` is our own member. */
export function answerRefused({ reason, detail }: Refused): HttpResponse {
  const status = usualStatuses[reason]
  const seconds = usualWaits[reason]
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(seconds !== undefined && { 'Retry-After': `${seconds}` }),
    },
    body: `${JSON.stringify({ status, code: reason, detail })}\n`,
    about: { refusal: reason },
  }
}

function json(text: string): HttpResponse {
  return {
    status: 200,
    headers: { 'Content-Type': attestationMediaType, 'Cache-Control': 'no-store' },
    body: `${text}\n`,
  }
}
