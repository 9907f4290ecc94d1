// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import type { Reported } from '#core/rotation/report-installed.ts'
import {
  type FirmwareReport,
  firmwareReportPath,
  mostReportBytes,
  parseFirmwareReport,
} from '#format/firmware-report.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import type { HttpRequest, HttpResponse, Route } from './message.ts'

/**
 * POST /firmware/report: a device says what it runs and whom it believes updates of, over the certificate that it shows.
 *
 * 401 without a certificate, 400 and 415 where the message is wrong, 503 where it may come again, else 403, all as
 * problems (RFC 9457) whose `code` is the refusal.
 *
 * @param report MUST refuse whatever it does not accept
 */
export function firmwareReportRoute(
  report: (chain: readonly Uint8Array[], said: FirmwareReport) => Promise<Reported | Refused>,
): Route {
  return {
    method: 'POST',
    path: firmwareReportPath,
    operation: 'firmware-report',
    maxBodyBytes: mostReportBytes,
    handler: async (http) => {
      const { certificates } = http.peer
      if (certificates.length === 0) return missing
      const said = accept(http)
      if ('reason' in said) return problem(said.reason === 'media-type-wrong' ? 415 : 400, said)
      const done = await report(certificates, said)
      if (done.kind === 'refused') return problem(done.reason === 'conflict' ? 503 : 403, done)
      const { firmwareVersion, securityVersion, anchors, reportedAt } = done.installed
      return json(200, 'application/json', {
        ...{ firmwareVersion, securityVersion, anchors, fellBack: done.fellBack },
        reportedAt: reportedAt.toString(),
      })
    },
  }
}

/** No Content-Type is taken for the right one, since many a small client sets none. */
function accept({ headers, body }: HttpRequest): FirmwareReport | Refused {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && type !== 'application/json')
    return refuse('media-type-wrong', 'content type is another one, asked is application/json')
  try {
    return parseFirmwareReport(body)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', error.message)
  }
}

/** RFC 9110 section 15.5.2 wants a challenge named; none is registered for a certificate within TLS. */
const missing: HttpResponse = {
  ...problem(401, refuse('credential-missing', 'this path asks for a client certificate')),
  headers: {
    ...{ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    'WWW-Authenticate': 'ClientCertificate realm="devices"',
  },
}

/** RFC 9457: `type` is left out and so means `about:blank`; `code` is our own member. */
function problem(status: number, { reason, detail }: Refused): HttpResponse {
  return {
    ...json(status, 'application/problem+json', { status, code: reason, detail }),
    about: { refusal: reason },
  }
}

function json(status: number, type: string, value: object): HttpResponse {
  return {
    status,
    headers: {
      ...{ 'Content-Type': type, 'Cache-Control': 'no-store' },
      ...(status === 503 && { 'Retry-After': '2' }),
    },
    body: `${JSON.stringify(value)}\n`,
  }
}
