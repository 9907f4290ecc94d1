// SPDX-License-Identifier: Apache-2.0
/** OCSP over HTTP: RFC 6960 appendix A, RFC 9919 sections 5 to 7. */

import { Fault } from '#core/fault.ts'
import type { Answer } from '#core/ocsp/answers.ts'
import type { Answered, OcspRefusal } from '#core/ocsp/desk.ts'
import type { Clock } from '#core/ports.ts'
import { networkOf } from '#edge/http/connections.ts'
import type { HttpRequest, HttpResponse, Route } from '#edge/http/message.ts'
import { limits } from '#format/der/budget.ts'
import { FormatError } from '#format/format-error.ts'
import { type OcspRequest, parseOcspRequest } from '#format/ocsp/request.ts'
import { encodeOcspError, type OcspError } from '#format/ocsp/response.ts'
import { sha256 } from '#trust/digest.ts'
import { httpDate, isKnown } from './file.ts'
import { ocspErrors } from './ocsp-refusals.ts'

export interface OcspPorts {
  readonly clock: Clock
  /** @throws Fault if it cannot be told now */
  answer(request: OcspRequest, source: string): Promise<Answered>
  /** Hears of what broke while a client was told to come later; MUST NOT throw. */
  report(cause: Fault): void
}

export function ocspRoutes(ports: OcspPorts): readonly Route[] {
  const common = { operation: 'ocsp' } as const
  return [
    {
      ...{ ...common, method: 'POST', path: '/ocsp', maxBodyBytes: limits.ocspRequest.maxBytes },
      handler: (http) => post(http, ports),
    },
    {
      ...{ ...common, method: 'GET', path: '/ocsp/*', maxBodyBytes: 0 },
      handler: (http) => get(http, ports),
    },
  ]
}

const requestType = 'application/ocsp-request'
const responseType = 'application/ocsp-response'

async function post(http: HttpRequest, ports: OcspPorts): Promise<HttpResponse> {
  const type = http.headers['content-type']
  if (type !== undefined && !isRequestType(type)) return answerRefused('request-malformed')
  return answerTo(http.body, http, ports)
}

function isRequestType(type: string): boolean {
  return type === requestType || /^application\/ocsp-request[\t ]*(;|$)/i.test(type)
}

async function get(http: HttpRequest, ports: OcspPorts): Promise<HttpResponse> {
  const der = acceptPath(http.path)
  return der === undefined ? answerRefused('request-malformed') : answerTo(der, http, ports)
}

/**
 * The request in a path: base64, then percent-encoded, as RFC 6960 appendix A.1 says; and as clients send it:
 * with bare slashes and plus signs, without padding, behind a second slash. No request begins with a slash.
 */
function acceptPath(path: string): Uint8Array | undefined {
  const text = path.replace(/^\/ocsp\/+/, '')
  try {
    const decoded = text.includes('%') ? decodeURIComponent(text) : text
    if (!/^[A-Za-z0-9+/]+=*$/.test(decoded)) return undefined
    return Uint8Array.fromBase64(decoded)
  } catch (error) {
    if (error instanceof URIError || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function answerTo(
  der: Uint8Array,
  http: HttpRequest,
  ports: OcspPorts,
): Promise<HttpResponse> {
  try {
    const request = parseOcspRequest(der)
    const answered = await ports.answer(request, networkOf(http.peer.address))
    if (answered.kind === 'refused') return answerRefused(answered.reason)
    if (http.method === 'POST') return answerOnce(answered.answer)
    return answered.isFor === 'all'
      ? answerForAll(answered.answer, http, ports.clock.now())
      : answerOnce(answered.answer)
  } catch (error) {
    if (error instanceof FormatError) return answerRefused('request-malformed')
    if (!(error instanceof Fault)) throw error
    // The store, or the key: it comes back, and until then nobody may take silence for an answer.
    ports.report(error)
    return answerError('tryLater', error.code === 'store-unreachable' ? error.code : undefined)
  }
}

const uncached = { 'Content-Type': responseType, 'Cache-Control': 'no-store' } as const

/** What a POST is told, and whoever sent a nonce: no cache may give it to others. */
function answerOnce({ der }: Answer): HttpResponse {
  return { status: 200, headers: uncached, body: der }
}

/**
 * So long may caches on the way keep an answer: by then who asks through them hears of a revocation, and the
 * load that they take off is nearly all.
 */
const mostSecondsInCaches = 300

/** RFC 9919 section 7.2: the fields by which caches know how long an answer stands. */
function answerForAll(answer: Answer, http: HttpRequest, now: Temporal.Instant): HttpResponse {
  const { der, endsAtMilliseconds } = answer
  const left = (endsAtMilliseconds - now.epochMilliseconds) / 1000
  const seconds = Math.min(mostSecondsInCaches, Math.max(0, Math.floor(left)))
  const fixed = fixedFieldsOf(answer)
  const headers = {
    'Content-Type': responseType,
    'Cache-Control': `max-age=${seconds}, public, no-transform, must-revalidate`,
    ...fixed,
  }
  return isKnown(http.headers, fixed.ETag)
    ? { status: 304, headers, body: '' }
    : { status: 200, headers, body: der }
}

interface FixedFields {
  /** RFC 9919 section 7.2: SHA-256 of the whole response, in hexadecimal. */
  readonly ETag: string
  readonly 'Last-Modified': string
  readonly Expires: string
}

const fixedFields = new WeakMap<Answer, FixedFields>()

/** What is said of an answer as long as it stands. */
function fixedFieldsOf(answer: Answer): FixedFields {
  const known = fixedFields.get(answer)
  if (known !== undefined) return known
  const { der, thisUpdate, nextUpdate } = answer
  const fields = {
    ETag: `"${sha256(der).toHex()}"`,
    ...{ 'Last-Modified': httpDate(thisUpdate), Expires: httpDate(nextUpdate) },
  }
  fixedFields.set(answer, fields)
  return fields
}

function answerRefused(reason: OcspRefusal): HttpResponse {
  return answerError(ocspErrors[reason], reason)
}

const encodedErrors = new Map<OcspError['kind'], Uint8Array>()

function answerError(kind: OcspError['kind'], refusal: string | undefined): HttpResponse {
  const body = encodedErrors.get(kind) ?? encodeOcspError(kind)
  encodedErrors.set(kind, body)
  return { status: 200, headers: uncached, body, about: { refusal } }
}
