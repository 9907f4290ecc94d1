// SPDX-License-Identifier: Apache-2.0
import type { WhoamiApplication } from '#core/enrolment/applications/whoami-application.ts'
import type { Whoami } from '#core/enrolment/whoami.ts'
import type { Refusal, Refused } from '#core/refusal.ts'
import type { HttpResponse, Route } from './message.ts'

/**
 * GET /whoami: a device or an application learns who it is to us, over the certificate that it shows.
 *
 * 401 without a certificate, 403 where it is refused, both as problems (RFC 9457) whose `code` is the
 * refusal.
 *
 * @param identify MUST refuse whatever it does not accept
 */
export function whoamiRoute(
  identify: (chain: readonly Uint8Array[]) => Promise<Whoami | WhoamiApplication | Refused>,
): Route {
  return {
    method: 'GET',
    path: '/whoami',
    operation: 'whoami',
    maxBodyBytes: 0,
    handler: async ({ peer }) => {
      if (peer.certificates.length === 0) return unknown
      const who = await identify(peer.certificates)
      if (who.kind === 'refused') return problem(403, who.reason, who.detail)
      const { kind: _, ...told } = who
      return json(200, 'application/json', told)
    },
  }
}

/** RFC 9110 section 15.5.2 wants a challenge named; none is registered for a certificate within TLS. */
const challenge = { 'WWW-Authenticate': 'ClientCertificate realm="devices"' }

const missing = problem(401, 'credential-missing', 'this path asks for a client certificate')
const unknown: HttpResponse = { ...missing, headers: { ...missing.headers, ...challenge } }

/** RFC 9457: `type` is left out and so means `about:blank`; `code` is our own member. */
function problem(status: number, code: Refusal, detail: string): HttpResponse {
  return {
    ...json(status, 'application/problem+json', { status, code, detail }),
    about: { refusal: code },
  }
}

function json(status: number, type: string, value: object): HttpResponse {
  return {
    status,
    headers: { 'Content-Type': type, 'Cache-Control': 'no-store' },
    body: `${JSON.stringify(value)}\n`,
  }
}
