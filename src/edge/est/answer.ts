// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from '#core/enrolment/request.ts'
import type { ServerKeyOutcome } from '#core/enrolment/server-key/enrol-with-key.ts'
import type { Refused } from '#core/refusal.ts'
import { plainAnswer } from '#edge/http/answer.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { usualWaits } from '#edge/http/refusals.ts'
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { encodeBase64Body, mediaTypes } from '#format/est/messages.ts'
import { encodeServerKeyAnswer, serverKeyAnswerType } from '#format/est/server-key-answer.ts'
import { statuses } from './refusals.ts'

/** RFC 7617: what another code would be sent by. */
const challenge = 'Basic realm="enrolment", charset="UTF-8"'

/** RFC 7030 section 4.2.3. */
export function answerOutcome(outcome: Outcome): HttpResponse {
  switch (outcome.kind) {
    case 'issued':
      return base64(mediaTypes.enrolResponse, encodeCertsOnly([outcome.certificate]), 'no-store')
    case 'pending':
      return plainAnswer(202, 'a person has to decide; send the same request again', {
        'Retry-After': `${outcome.retryAfterSeconds}`,
      })
    case 'refused':
      return answerRefused(outcome)
  }
}

/** RFC 7030 section 4.4.2. The key's bytes are wiped: at once, and in the body once it has left. */
export function answerServerKey(outcome: ServerKeyOutcome): HttpResponse {
  if (outcome.kind === 'refused') return answerRefused(outcome)
  const { answer } = outcome
  const body = encodeServerKeyAnswer(answer)
  answer.key.der.fill(0)
  const headers = { 'Content-Type': serverKeyAnswerType, 'Cache-Control': 'no-store' }
  return { status: 200, headers, body, wipe: true }
}

/** RFC 7030 section 4.1.3. */
export function answerCertificates(certificates: readonly Uint8Array[] | Refused): HttpResponse {
  return 'kind' in certificates
    ? answerRefused(certificates)
    : base64(mediaTypes.caCertificates, encodeCertsOnly(certificates), 'no-cache')
}

/** RFC 8951 section 4. */
export function answerAttributes(attributes: Uint8Array | Refused): HttpResponse {
  return 'kind' in attributes
    ? answerRefused(attributes)
    : base64(mediaTypes.csrAttributes, attributes, 'no-cache')
}

/** The rule in words, one line; RFC 8951 section 5 names text/plain. */
export function answerRefused({ reason, detail }: Refused): HttpResponse {
  const status = statuses[reason]
  const seconds = usualWaits[reason]
  const answer = plainAnswer(status, `${reason}: ${oneLine(detail)}`, {
    ...(status === 401 && { 'WWW-Authenticate': challenge }),
    ...(seconds !== undefined && { 'Retry-After': `${seconds}` }),
  })
  return { ...answer, about: { refusal: reason } }
}

export function answerMethod(allow: string): HttpResponse {
  return plainAnswer(405, `this operation takes ${allow}`, { Allow: allow })
}

function base64(type: string, der: Uint8Array, caching: string): HttpResponse {
  return {
    status: 200,
    headers: { 'Content-Type': type, 'Cache-Control': caching },
    body: encodeBase64Body(der),
  }
}

function oneLine(text: string): string {
  return text.replace(/[^ -~]+/g, ' ')
}
