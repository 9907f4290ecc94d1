// SPDX-License-Identifier: Apache-2.0
/** EST, RFC 7030 as clarified by RFC 8951: which operation is asked, and its way through the house. */
import type { EnrolmentRequest, Outcome } from '#core/enrolment/request.ts'
import type {
  ServerKeyOutcome,
  ServerKeyRequest,
} from '#core/enrolment/server-key/enrol-with-key.ts'
import { Fault } from '#core/fault.ts'
import type { Refused } from '#core/refusal.ts'
import type { Handler, HttpRequest, HttpResponse, Route } from '#edge/http/message.ts'
import { allowOf } from '#edge/http/router.ts'
import { estPrefix, type Operation } from '#format/est/operations.ts'
import { refuse } from '#trust/refusal.ts'
import { acceptEnrolment, acceptServerKey, acceptTarget, type Target } from './accept.ts'
import {
  answerAttributes,
  answerCertificates,
  answerMethod,
  answerOutcome,
  answerRefused,
  answerServerKey,
} from './answer.ts'

/** What EST asks of the house. */
export interface EstPorts {
  enrol(request: EnrolmentRequest): Promise<Outcome>
  enrolWithKey(request: ServerKeyRequest): Promise<ServerKeyOutcome>
  /**
   * DER of the roots and issuers that a device of this entrance is to know; no label: of all.
   *
   * @param peer who asks, if it showed a certificate; the answer is the same for all
   */
  caCertificates(
    label: string | undefined,
    peer: readonly Uint8Array[],
  ): Promise<readonly Uint8Array[] | Refused>
  /** DER of the CsrAttrs that the entrance's profile wishes for; an empty SEQUENCE is a fine answer. */
  csrAttributes(label: string | undefined): Promise<Uint8Array | Refused>
}

/**
 * A PKCS #10 with an ML-DSA-87 key and signature is 7.5 kB, with attestation of a chip about 20 kB more; one
 * with a key of SLH-DSA-256f is 50 kB. Base64 adds a third, and its line ends a little.
 */
const maxRequestBytes = 81_920

export function estRoutes(ports: EstPorts): readonly Route[] {
  const route = { path: `${estPrefix}*`, operation: 'est', handler: converse(ports) }
  return [
    { ...route, method: 'GET', maxBodyBytes: 0 },
    { ...route, method: 'POST', maxBodyBytes: maxRequestBytes },
  ]
}

function converse(ports: EstPorts): Handler {
  return async (http) => {
    const target = acceptTarget(http.path)
    if ('kind' in target) return answerRefused(target)
    const answer = await answerOf(http, target, ports)
    return { ...answer, about: { ...answer.about, operation: `est-${target.operation}` } }
  }
}

async function answerOf(http: HttpRequest, target: Target, ports: EstPorts): Promise<HttpResponse> {
  const { method, answer } = conversations[target.operation]
  const asked = http.method === 'HEAD' ? 'GET' : http.method
  if (asked !== method) return answerMethod(allowOf([method]))
  try {
    return await answer(http, target, ports)
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'store-full') throw error
    return answerRefused(refuse('store-full', 'the disk of the server is full; try again later'))
  }
}

interface Conversation {
  readonly method: 'GET' | 'POST'
  answer(http: HttpRequest, target: Target, ports: EstPorts): Promise<HttpResponse>
}

const conversations = {
  cacerts: { method: 'GET', answer: caCerts },
  simpleenroll: { method: 'POST', answer: simpleEnroll },
  simplereenroll: { method: 'POST', answer: simpleEnroll },
  csrattrs: { method: 'GET', answer: csrAttrs },
  serverkeygen: { method: 'POST', answer: serverKeygen },
  fullcmc: { method: 'POST', answer: notYet },
} as const satisfies Record<Operation, Conversation>

/** RFC 7030 section 4.1. Asks for no proof: who has none yet checks the answer by a fingerprint. */
async function caCerts(
  { peer }: HttpRequest,
  { label }: Target,
  ports: EstPorts,
): Promise<HttpResponse> {
  return answerCertificates(await ports.caCertificates(label, peer.certificates))
}

/** RFC 7030 section 4.2, both operations: accept.ts knows in what they differ. */
async function simpleEnroll(
  http: HttpRequest,
  target: Target,
  ports: EstPorts,
): Promise<HttpResponse> {
  const request = acceptEnrolment(http, target)
  return request.kind === 'refused'
    ? answerRefused(request)
    : answerOutcome(await ports.enrol(request.request))
}

/** RFC 7030 section 4.5; asks for no proof, since the answer is the same for all. */
async function csrAttrs(_: HttpRequest, { label }: Target, ports: EstPorts): Promise<HttpResponse> {
  return answerAttributes(await ports.csrAttributes(label))
}

/** RFC 7030 section 4.4; whether it is offered at all is said by the entrance's profile. */
async function serverKeygen(
  http: HttpRequest,
  target: Target,
  ports: EstPorts,
): Promise<HttpResponse> {
  const request = acceptServerKey(http, target)
  return request.kind === 'refused'
    ? answerRefused(request)
    : answerServerKey(await ports.enrolWithKey(request.request))
}

/** RFC 7030 section 4.3 is optional. */
async function notYet(_: HttpRequest, { operation }: Target): Promise<HttpResponse> {
  return answerRefused(
    refuse('not-implemented', `${operation} is not offered here, ask for simpleenroll`),
  )
}
