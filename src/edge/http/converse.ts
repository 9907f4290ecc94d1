// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Fault, type FaultCode } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { type PlainAnswer, plainAnswer, writeAnswer, writeAnswerAndLinger } from './answer.ts'
import { isBodyComing, readBody } from './body.ts'
import { behindProxy, claimOf, type Proxies } from './claims.ts'
import type { FrontCounts } from './counts.ts'
import { Deadlines } from './deadlines.ts'
import type { FrontLimits } from './limits.ts'
import type { HttpPeer, HttpResponse, Route } from './message.ts'
import { peerOf } from './peer.ts'
import type { Router } from './router.ts'
import { type AnswerAbout, unknownOperation, type Witness } from './seen.ts'

/** Something broke while a request was answered; the peer heard nothing of it but the request id. */
export interface FrontTrouble {
  readonly requestId: string
  readonly method: string
  readonly path: string
  readonly cause: unknown
}

export interface ConversationParts {
  readonly router: Router
  readonly limits: FrontLimits
  readonly random: Randomness
  readonly counts: FrontCounts
  /** MUST NOT throw. */
  readonly report: (trouble: FrontTrouble) => void
  readonly witness?: Witness | undefined
  /** Takes `/api/v1` over whole, body and all. */
  readonly adminHandler?: RequestListener | undefined
  /** Absent: what a field claims of a proxy is passed over. */
  readonly proxies?: Proxies | undefined
}

/** One request's turn; `isLast` says whether its answer shall be its connection's last. */
export type Conversation = (
  request: IncomingMessage,
  response: ServerResponse,
  isLast: () => boolean,
) => void

/** A wait that suits most causes of a break, which pass by themselves or take a person. */
const faultRetrySeconds = 30

/**
 * Makes what stands between node's server and the routes.
 *
 * Whatever the bytes and whatever a handler does, a request ends in an answer or in a cut connection,
 * and nothing is thrown.
 */
export function makeConversation(parts: ConversationParts): Conversation {
  const deadlines = new Deadlines(parts.limits.answerMilliseconds)
  return (request, response, isLast) => {
    const requestId = parts.random.bytes(8).toHex()
    parts.counts.requests++
    // Now, while the connection surely stands: a TLS socket that was cut must not be asked.
    const peer = peerOf(request.socket)
    const { path, query } = splitTarget(request.url ?? '')
    const claim = parts.proxies === undefined ? 'none' : claimOf(request.headers, peer)
    if (parts.adminHandler !== undefined && isAdministration(path) && claim !== 'certificate') {
      if (request.headers.expect !== undefined) response.writeContinue()
      response.setHeader(requestIdField, requestId)
      if (isLast()) response.setHeader('Connection', 'close')
      parts.adminHandler(request, response)
      return
    }
    const turn: Turn = { path, query, requestId, peer, isLast, about: {}, deadlines }
    if (parts.witness !== undefined) watch(parts.witness, request, response, turn)
    converse(parts, request, response, turn).catch((cause: unknown) => {
      // Only what happens while an answer is being written comes here: half an answer cannot be mended.
      parts.counts.answersBroken++
      parts.report({ requestId, method: request.method ?? '', path, cause })
      response.destroy()
    })
  }
}

interface Target {
  readonly path: string
  readonly query: URLSearchParams
}

interface Turn extends Target {
  /** Who is really asking, once a proxy's word was weighed. */
  peer: HttpPeer
  readonly requestId: string
  readonly isLast: () => boolean
  readonly deadlines: Deadlines
  /** Filled in while it is answered. */
  about: AnswerAbout
}

/** Tells the witness once the answer has left, or the connection has gone. */
function watch(
  witness: Witness,
  { method = '' }: IncomingMessage,
  response: ServerResponse,
  turn: Turn,
): void {
  const began = witness.now()
  response.once('close', () =>
    witness.see({
      requestId: turn.requestId,
      operation: turn.about.operation ?? unknownOperation,
      method,
      status: response.headersSent ? response.statusCode : 0,
      refusal: turn.about.refusal,
      milliseconds: witness.now() - began,
      source: turn.peer.address,
    }),
  )
}

async function converse(
  parts: ConversationParts,
  request: IncomingMessage,
  response: ServerResponse,
  turn: Turn,
): Promise<void> {
  const { path, query, requestId, isLast } = turn
  const method = request.method ?? ''
  const no = parts.proxies && (await weighClaim(parts.proxies, request, turn))
  if (no !== undefined) {
    turn.about = { refusal: no.reason }
    const isComing = isBodyComing(request)
    const status = no.reason === 'request-malformed' ? 400 : 403
    const answer = plainAnswer(status, `${no.reason}: ${no.detail}`)
    return refuseUnread(parts, request, response, answer, isComing, closing(requestId))
  }
  const { peer } = turn
  const routed = parts.router(method, path)
  if (routed.kind !== 'route') {
    const answer =
      routed.kind === 'path-unknown'
        ? plainAnswer(404, 'nothing is kept under this path')
        : plainAnswer(405, `this path takes ${routed.allow}`, { Allow: routed.allow })
    const isComing = isBodyComing(request)
    const isUnread = isComing || request.headers.expect !== undefined
    const fields = isUnread || isLast() ? closing(requestId) : [requestIdField, requestId]
    return refuseUnread(parts, request, response, answer, isComing, fields)
  }
  const { route } = routed
  const operation = route.operation ?? route.path
  turn.about = { operation }
  const read = await readBody(request, response, route.maxBodyBytes)
  if (read.kind === 'cut-off') return
  if (read.kind === 'too-large') {
    parts.counts.bodiesTooLarge++
    const fields = closing(requestId)
    return refuseUnread(parts, request, response, tooLarge(route), read.isComing, fields)
  }
  const answer = await answered(parts, turn.deadlines, route, {
    method,
    path,
    query,
    headers: fieldsOf(request),
    body: read.bytes,
    peer,
    requestId,
  })
  turn.about = answer.about === undefined ? turn.about : { operation, ...answer.about }
  const fields = isLast() ? closing(requestId) : [requestIdField, requestId]
  await writeAnswer(response, answer, fields)
}

const requestIdField = 'X-Request-Id'

/** What stands beside an answer that is its connection's last. */
function closing(requestId: string): string[] {
  return [requestIdField, requestId, 'Connection', 'close']
}

/**
 * Lets the turn be that of the device behind a known proxy, or says what speaks against it.
 *
 * The API never goes that way: what a machine may do there is worth a connection of its own.
 */
async function weighClaim(
  proxies: Proxies,
  { headers }: IncomingMessage,
  turn: Turn,
): Promise<Refused | undefined> {
  if (claimOf(headers, turn.peer) === 'none') return undefined
  const found = await behindProxy(headers, turn.peer, proxies)
  if (found.kind === 'refused') {
    await proxies.noteRefused(found, turn.peer.address)
    return found
  }
  if (isAdministration(turn.path))
    return refuse('not-permitted', 'the API is not reached through a proxy that ends TLS')
  turn.peer = found.peer
  return undefined
}

/** What the handler says, or what is said for a handler that broke. */
async function answered(
  parts: ConversationParts,
  deadlines: Deadlines,
  route: Route,
  request: Parameters<Route['handler']>[0],
): Promise<HttpResponse> {
  try {
    // What is late still goes on: as when a commit's outcome is to be found out from a database that is away. Its
    // peer asks again, and is given what became of it.
    return await deadlines.within(route.handler(request), () => {
      const seconds = parts.limits.answerMilliseconds / 1_000
      return new Fault('store-unreachable', `no answer in ${seconds} s`)
    })
  } catch (cause) {
    // Anything at all: the front is the last that can answer. The house hears of it, the peer does not.
    parts.counts.handlersBroken++
    const { requestId, method, path } = request
    parts.report({ requestId, method, path, cause })
    return cause instanceof Fault
      ? laterAnswer(cause.code, requestId)
      : plainAnswer(500, `the server broke on this; request ${requestId}`)
  }
}

/** The store is the one part whose break a peer may know by name: whoever looks after devices is helped by it. */
function laterAnswer(code: FaultCode, requestId: string): HttpResponse {
  const name = code === 'store-unreachable' ? code : undefined
  const line = `${name === undefined ? '' : `${name}: `}the server cannot do this now; request ${requestId}`
  const answer = plainAnswer(503, line, { 'Retry-After': `${faultRetrySeconds}` })
  return name === undefined ? answer : { ...answer, about: { refusal: name } }
}

/** Answers without the body having been read, and so as the connection's last if there is one. */
async function refuseUnread(
  parts: ConversationParts,
  request: IncomingMessage,
  response: ServerResponse,
  answer: PlainAnswer,
  isComing: boolean,
  fields: readonly string[],
): Promise<void> {
  if (isComing) writeAnswerAndLinger(request, response, answer, fields, parts.limits)
  else await writeAnswer(response, answer, fields)
}

function tooLarge(route: Route) {
  return plainAnswer(413, `the body is too large, this path takes ${route.maxBodyBytes} bytes`)
}

/** RFC 9112 section 3.2: origin form; a server must take the absolute form too. */
function splitTarget(target: string): Target {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  const mark = local.indexOf('?')
  return mark === -1
    ? { path: local, query: new URLSearchParams() }
    : { path: local.slice(0, mark), query: new URLSearchParams(local.slice(mark + 1)) }
}

function isAdministration(path: string): boolean {
  return path === '/api/v1' || path.startsWith('/api/v1/')
}

/** Node joins repeated fields by itself, but for Set-Cookie, which no request should have. */
function fieldsOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  const fields: Record<string, string | undefined> = Object.create(null)
  for (const name in headers) {
    const value = headers[name]
    fields[name] = typeof value === 'object' ? value.join(', ') : value
  }
  return fields
}
