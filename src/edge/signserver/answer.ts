// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { usualWaits } from '#edge/http/refusals.ts'
import {
  encodeErrorMessage,
  encodeProcessAnswer,
  type ProcessAnswer,
} from '#format/signserver/process.ts'
import { statuses } from './refusals.ts'

export function answerSigned(answer: ProcessAnswer): HttpResponse {
  return json(200, encodeProcessAnswer(answer))
}

/** As SignServer says no: a status, and `error` in words, which its clients print as they come. */
export function answerRefused({ reason, detail }: Refused): HttpResponse {
  const seconds = usualWaits[reason]
  return {
    ...json(
      statuses[reason],
      encodeErrorMessage(`${reason}: ${detail}`),
      seconds === undefined ? {} : { 'Retry-After': `${seconds}` },
    ),
    about: { refusal: reason },
  }
}

function json(status: number, text: string, more: Readonly<Record<string, string>> = {}) {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...more }
  return { status, headers, body: `${text}\n` }
}
