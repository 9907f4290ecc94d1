// SPDX-License-Identifier: Apache-2.0
/** Time-stamps over HTTP: RFC 3161 section 3.4. */
import { Fault } from '#core/fault.ts'
import type { StampRefused } from '#core/time-stamps/refusals.ts'
import type { Stamped } from '#core/time-stamps/stamp-source.ts'
import { networkOf } from '#edge/http/connections.ts'
import type { HttpRequest, HttpResponse, Route } from '#edge/http/message.ts'
import { limits } from '#format/der/budget.ts'
import { FormatError } from '#format/format-error.ts'
import {
  extensionsUnknown,
  parseTimeStampRequest,
  type TimeStampRequest,
} from '#format/time-stamp/request.ts'
import { encodeGranted, encodeRejected } from '#format/time-stamp/response.ts'
import { refuse } from '#trust/refusal.ts'
import { stampFailureFor } from './refusals.ts'

export interface TimeStampPorts {
  /** @throws Fault if it cannot be told now */
  answer(request: TimeStampRequest, source: string): Promise<Stamped | StampRefused>
  /** Hears of what broke while a client was told that it did; MUST NOT throw. */
  report(cause: Fault): void
}

const requestType = 'application/timestamp-query'
const responseType = 'application/timestamp-reply'

export function timeStampRoutes(ports: TimeStampPorts): readonly Route[] {
  return [
    {
      ...{ operation: 'time-stamp', method: 'POST', path: '/tsa' },
      maxBodyBytes: limits.small.maxBytes,
      handler: (http) => answer(http, ports),
    },
  ]
}

async function answer(http: HttpRequest, ports: TimeStampPorts): Promise<HttpResponse> {
  const request = accept(http)
  if ('reason' in request) return answerRefused(request)
  try {
    const answered = await ports.answer(request, networkOf(http.peer.address))
    return answered.kind === 'refused'
      ? answerRefused(answered)
      : { status: 200, headers: uncached, body: encodeGranted(answered.token) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    ports.report(error)
    const body = encodeRejected('systemFailure', 'time-stamps cannot be given now; ask again')
    return { status: 200, headers: uncached, body }
  }
}

function accept({ headers, body }: HttpRequest): TimeStampRequest | StampRefused {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== requestType)
    return refuse('request-malformed', `the type is ${type ?? 'not said'}, not ${requestType}`)
  try {
    return parseTimeStampRequest(body)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return error.code === extensionsUnknown
      ? refuse('stamp-extension-unknown', 'no extension of a request is known here')
      : refuse('request-malformed', `not a request for a time-stamp: ${error.message}`)
  }
}

const uncached = { 'Content-Type': responseType, 'Cache-Control': 'no-store' } as const

/** All are HTTP 200, as RFC 3161 has no other way; none is signed. */
function answerRefused({ reason, detail }: StampRefused): HttpResponse {
  const body = encodeRejected(stampFailureFor[reason], detail)
  return { status: 200, headers: uncached, body, about: { refusal: reason } }
}
