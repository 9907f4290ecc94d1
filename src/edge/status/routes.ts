// SPDX-License-Identifier: Apache-2.0
/** What verifiers and watchers read: issuers (RFC 5280 section 4.2.2.1), revocation lists, health. */
import type { Clock } from '#core/ports.ts'
import { plainAnswer } from '#edge/http/answer.ts'
import type { Handler, HttpResponse, Route } from '#edge/http/message.ts'
import { encodePem } from '#format/pem.ts'
import { answerFile } from './file.ts'
import { type StatusFilesPorts, statusFilesHandler } from './status-files.ts'

/** A published list with its span. */
export interface PublishedCrl {
  readonly der: Uint8Array
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
  /** Of all its bytes, where it is known. */
  readonly sha256?: Uint8Array | null
  /** When the next one comes if nothing changes; undefined: nobody knows. */
  readonly plannedAt?: Temporal.Instant | undefined
}

/** Which list of an authority: the full one, the delta to it, or the shard of this number. */
export type WhichCrl = 'full' | 'delta' | number

/** One thing without which the server cannot serve. */
export interface Readiness {
  /** A plain word, e.g. `store`. */
  readonly name: string
  readonly ready: boolean
}

export interface StatusPorts {
  readonly clock: Clock
  /** DER of the root or issuer of this name. */
  certificate(authority: string): Promise<Uint8Array | undefined>
  /** The newest list of this authority. */
  crl(authority: string, which: WhichCrl): Promise<PublishedCrl | undefined>
  readiness(): Promise<readonly Readiness[]>
  readonly statusFiles: StatusFilesPorts
}

export function statusRoutes(ports: StatusPorts): readonly Route[] {
  return [
    get('ca', '/ca/*', ({ path, headers }) => certificate(path, headers, ports)),
    get('crl', '/crl/*', ({ path, headers }) => crl(path, headers, ports)),
    get('status-file', '/status/*', statusFilesHandler(ports.statusFiles)),
    get('healthz', '/healthz', async () => fresh(plainAnswer(200, 'alive'))),
    get('readyz', '/readyz', ({ query }) => ready(query, ports)),
  ]
}

function get(operation: string, path: string, handler: Handler): Route {
  return { method: 'GET', path, operation, maxBodyBytes: 0, handler }
}

type Fields = Parameters<Handler>[0]['headers']

/** An authority's certificate never changes; a day lets a mistake be mended. */
const certificateSeconds = 86_400

/**
 * A list is made anew when something is revoked, long before it ends or its successor is planned: nobody is to
 * keep it longer. A delta is there to be new.
 */
const maxCrlSeconds = { full: 3_600, shard: 3_600, delta: 300 } as const

/** What is overdue may come at any moment, but not everybody is to ask again at every one. */
const overdueSeconds = 60

const notKept = plainAnswer(404, 'nothing is kept under this path')

async function certificate(
  path: string,
  fields: Fields,
  ports: StatusPorts,
): Promise<HttpResponse> {
  const [, segment = '', form] = /^\/ca\/([^/]+)\.(crt|pem)$/.exec(path) ?? []
  const name = decoded(segment)
  const der = name === undefined ? undefined : await ports.certificate(name)
  if (der === undefined) return notKept
  const file = { bytes: der, maxAgeSeconds: certificateSeconds, lastModified: undefined }
  return form === 'pem'
    ? answerFile(fields, {
        ...file,
        type: 'application/pem-certificate-chain',
        content: encodePem('CERTIFICATE', der),
      })
    : answerFile(fields, { ...file, type: 'application/pkix-cert', content: der })
}

/** `/crl/NAME.crl` is the full list, `/crl/NAME/delta.crl` the delta, `/crl/NAME/SHARD.crl` a shard. RFC 2585 section 4. */
async function crl(path: string, fields: Fields, ports: StatusPorts): Promise<HttpResponse> {
  const [, segment = '', part] =
    /^\/crl\/([^/]+?)(?:\/(delta|0|[1-9]\d{0,9}))?\.crl$/.exec(path) ?? []
  const name = decoded(segment)
  const which = part === undefined ? 'full' : part === 'delta' ? part : Number(part)
  const found = name === undefined ? undefined : await ports.crl(name, which)
  if (found === undefined) return notKept
  return answerFile(fields, {
    ...{ bytes: found.der, content: found.der, sha256: found.sha256 ?? null },
    type: 'application/pkix-crl',
    maxAgeSeconds: crlSeconds(found, which, ports.clock.now()),
    lastModified: found.thisUpdate,
  })
}

/** Until the next one is planned, within limits, and never beyond the end. RFC 9111 section 4.2. */
function crlSeconds(
  { nextUpdate, plannedAt }: PublishedCrl,
  which: WhichCrl,
  now: Temporal.Instant,
): number {
  const until = (at: Temporal.Instant) => Math.max(0, Math.floor(now.until(at).total('seconds')))
  const most = maxCrlSeconds[typeof which === 'number' ? 'shard' : which]
  const planned = plannedAt === undefined ? most : Math.max(overdueSeconds, until(plannedAt))
  return Math.min(most, planned, until(nextUpdate))
}

/**
 * 503 tells a balancer to send devices elsewhere; which part is missing is for people. With `?verbose`
 * every check stands in it by name, as JSON.
 */
async function ready(query: URLSearchParams, ports: StatusPorts): Promise<HttpResponse> {
  const parts = await ports.readiness()
  const missing = parts.filter((part) => !part.ready).map(({ name }) => name)
  const isReady = missing.length === 0
  const status = isReady ? 200 : 503
  const wait: Record<string, string> = isReady ? {} : { 'Retry-After': '5' }
  if (!query.has('verbose')) {
    return fresh(plainAnswer(status, isReady ? 'ready' : `not ready: ${missing.join(', ')}`, wait))
  }
  const checks = Object.fromEntries(parts.map(({ name, ready }) => [name, ready]))
  return fresh({
    status,
    headers: { 'Content-Type': 'application/json', ...wait },
    body: `${JSON.stringify({ ready: isReady, checks })}\n`,
  })
}

function fresh(answer: HttpResponse): HttpResponse {
  return { ...answer, headers: { ...answer.headers, 'Cache-Control': 'no-store' } }
}

function decoded(segment: string): string | undefined {
  try {
    return segment === '' ? undefined : decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
