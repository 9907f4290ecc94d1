// SPDX-License-Identifier: Apache-2.0
import rateLimit from '@fastify/rate-limit'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { RefusedRequest } from '#core/audit/refusal-meter.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import { peerOf } from '#edge/http/peer.ts'
import type { Witness } from '#edge/http/seen.ts'
import { catalogue } from '#format/admin/catalogue.ts'
import type { OperationName } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import { answerRefused } from './answers/plain.ts'
import { brokenProblem, problemMediaType, RefusalError, refusalIn } from './answers/problem.ts'
import { notTold } from './answers/refusals.ts'
import { Binder } from './binder.ts'
import type { Door } from './doors/door.ts'
import { pageHeaders } from './doors/operator.ts'
import { limits } from './limits.ts'
import type { LoadVerb } from './verbs.ts'
import { noteRefusal, witnessRequests } from './witness.ts'

/** A file of the page beside the API. */
export interface PageFile {
  readonly mediaType: string
  readonly content: string | Uint8Array
}

export interface AdminApiOptions {
  readonly door: Door
  readonly loadVerb: LoadVerb
  readonly clock: Clock
  readonly random: Randomness
  /** The product's version, for the description. */
  readonly version: string
  /** Hears of each refusal that matters to trust. */
  readonly refusals: { note(refused: RefusedRequest): Promise<void> }
  /** Hears of each break, whose cause no answer tells; MUST NOT throw. */
  readonly report?: (trouble: FrontTrouble) => void
  /** Sees every request. */
  readonly witness?: Witness | undefined
  readonly logger?: FastifyBaseLogger
  /** Files served beside the API, by path. */
  readonly pages?: ReadonlyMap<string, PageFile>
}

/**
 * Makes the API for one door, ready to be injected into, or (by `routing`) to be handed single requests. `close()` ends
 * its streams.
 */
export async function makeAdminApi(options: AdminApiOptions): Promise<FastifyInstance> {
  const { door, random } = options
  const closing = new AbortController()
  const api: FastifyInstance = fastify({
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    bodyLimit: limits.bodyBytes,
    genReqId: () => random.bytes(8).toHex(),
    // Only what the socket itself says is believed of where a request comes from.
    trustProxy: false,
    exposeHeadRoutes: false,
    schemaController: { compilersFactory: noSchemas },
  })
  api.addHook('preClose', async () => closing.abort())
  api.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...door.headers, 'x-request-id': requestIdOf(request, reply) })
  })
  if (options.witness !== undefined) witnessRequests(api, options.witness, requestIdOf)
  api.setErrorHandler((error, request, reply) => answerError(error, request, reply, options))
  api.setNotFoundHandler(() => {
    throw new RefusalError(refuse('operation-unknown', 'nothing here has this method and path'))
  })
  api.removeContentTypeParser('text/plain')
  if (door.limitsRate) await limitRate(api)
  servePages(api, options.pages)
  // Made when it is first asked for: few ask, and it needs every row of the table.
  let document: Readonly<Record<string, unknown>> | undefined
  const config = { operation: 'openapi' }
  api.get(`/api/v1/openapi.json`, { config }, async () => {
    const { openApiDocument } = await import('./openapi.ts')
    document ??= openApiDocument(options.version)
    return document
  })
  const binder = new Binder(options, closing.signal, (request, reply, cause) => {
    const requestId = requestIdOf(request, reply)
    request.log.error({ err: cause, requestId }, 'a stream broke')
    options.report?.(troubleOf(request, requestId, cause))
  })
  for (const name of Object.keys(catalogue) as OperationName[]) await binder.bind(api, name)
  await api.ready()
  return api
}

/**
 * What comes in and goes out is held against the table of operations: no route has a schema of Fastify's, whose own
 * compilers would be loaded at every start for nothing.
 */
const noSchemas = {
  buildValidator: () => () => refuseSchema(),
  buildSerializer: () => () => refuseSchema(),
}

function refuseSchema(): never {
  throw new TypeError('a route has a schema of its own, beside the table of operations')
}

/** The front that hands a request over has numbered it already. */
function requestIdOf(request: FastifyRequest, reply: FastifyReply): string {
  const given = reply.raw.getHeader('x-request-id')
  return typeof given === 'string' ? given : request.id
}

async function limitRate(api: FastifyInstance): Promise<void> {
  await api.register(rateLimit, {
    max: limits.requestsPerMinute,
    timeWindow: 60_000,
    cache: limits.sourcesCounted,
    keyGenerator: (request) => peerOf(request.raw.socket).address,
    errorResponseBuilder: () =>
      new RefusalError(
        refuse(
          'rate-limited',
          `more than ${limits.requestsPerMinute} requests in a minute; wait and try again`,
        ),
      ),
  })
}

function servePages(api: FastifyInstance, pages: AdminApiOptions['pages']): void {
  for (const [path, { mediaType, content }] of pages ?? []) {
    const config = { operation: 'page' }
    api.get(path, { config }, (_request, reply) =>
      reply.headers(pageHeaders).type(mediaType).send(content),
    )
  }
}

async function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  options: AdminApiOptions,
): Promise<FastifyReply> {
  const requestId = requestIdOf(request, reply)
  const refused = refusalIn(error)
  if (refused === undefined) {
    request.log.error({ err: error, requestId }, 'an operation broke')
    options.report?.(troubleOf(request, requestId, error))
    const problem = brokenProblem(error, requestId)
    return reply.code(problem.status).type(problemMediaType).send(problem)
  }
  noteRefusal(request, refused.reason)
  if (!notTold.has(refused.reason)) {
    const known = error instanceof RefusalError ? error.caller : undefined
    await options.refusals.note({
      reason: refused.reason,
      detail: refused.detail,
      source: known?.source ?? sourceOf(request, options.door),
      subjects: known?.role === undefined ? [] : [known.actor.id],
      requestId,
    })
  }
  return answerRefused(reply, refused, requestId)
}

function sourceOf(request: FastifyRequest, door: Door): string {
  return door.name === 'local' ? 'local' : peerOf(request.raw.socket).address
}

/** Without the query, which may hold what a person typed. */
function troubleOf(request: FastifyRequest, requestId: string, cause: unknown): FrontTrouble {
  const path = request.url.split('?', 1)[0] ?? ''
  return { requestId, method: request.method, path, cause }
}
