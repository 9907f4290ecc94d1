// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '#core/ports.ts'
import { catalogue } from '#format/admin/catalogue.ts'
import { loadOperation } from '#format/admin/load-operation.ts'
import { type Operation, takesBody } from '#format/admin/operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import { answerOctets } from './answers/octets.ts'
import { answerPlain } from './answers/plain.ts'
import { isRefused, RefusalError } from './answers/problem.ts'
import { answerEvents, answerLines } from './answers/stream.ts'
import { type Caller, checkPermission } from './caller.ts'
import type { Door } from './doors/door.ts'
import { limits } from './limits.ts'
import { isKeyed, RememberedAnswers } from './requests/idempotency.ts'
import { InputReader } from './requests/input.ts'
import { uploadOf } from './requests/upload.ts'
import type { Call, LoadVerb, OctetsAnswer } from './verbs.ts'

export interface BinderParts {
  readonly door: Door
  readonly loadVerb: LoadVerb
  readonly clock: Clock
}

/** A verb whose input and answer are no longer known to the compiler; the table checks both. */
type AnyVerb = (input: unknown, call: Call) => Promise<unknown>

/** Hears of a break that comes after the head of an answer. */
type ReportBreak = (request: FastifyRequest, reply: FastifyReply, cause: unknown) => void

/** One operation with all that answers it. */
interface Bound {
  readonly name: OperationName
  readonly row: Operation
  readonly reader: InputReader
  readonly verb: AnyVerb
}

/**
 * Binds rows of the table to routes: who, may they, what, do it, answer.
 *
 * A route needs of its row what the catalogue says. The row is loaded by the first request, the verb by the first one
 * that may be asked.
 */
export class Binder {
  readonly #parts: BinderParts
  readonly #closing: AbortSignal
  readonly #reportBreak: ReportBreak
  readonly #answers: RememberedAnswers
  readonly #callers = new WeakMap<FastifyRequest, Caller>()
  readonly #loaded = new Map<OperationName, Bound>()
  #eventStreams = 0

  constructor(parts: BinderParts, closing: AbortSignal, reportBreak: ReportBreak) {
    this.#parts = parts
    this.#closing = closing
    this.#reportBreak = reportBreak
    this.#answers = new RememberedAnswers(parts.clock)
  }

  async bind(api: FastifyInstance, name: OperationName): Promise<void> {
    const { method, path, bodyBytes, ofTheMoment, ofPrograms, hasHead, kind, uploadType } =
      catalogue[name]
    const route = (scope: FastifyInstance) =>
      scope.route({
        method: hasHead === true ? [method, 'HEAD'] : method,
        url: `/api/v1${path}`,
        config: { operation: name, ...((ofTheMoment || ofPrograms) && { rateLimit: false }) },
        ...(bodyBytes !== undefined && { bodyLimit: bodyBytes }),
        // Before the body is read: a stranger's is not.
        preParsing: async (request) => this.#admit(name, request),
        handler: async (request, reply) => this.#answer(await this.#load(name), request, reply),
      })
    if (!takesBody({ kind })) return void route(api)
    await api.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      const type = uploadType ?? 'text/csv'
      scope.addContentTypeParser(type, (_request, payload, done) => done(null, payload))
      route(scope)
    })
  }

  /** What cannot be loaded breaks the request that asked for it, and is tried again for the next. */
  async #load(name: OperationName): Promise<Bound> {
    const known = this.#loaded.get(name)
    if (known !== undefined) return known
    const [row, verb] = await Promise.all([loadOperation(name), this.#parts.loadVerb(name)])
    const bound = { name, row, verb: verb as AnyVerb, reader: new InputReader(row) }
    this.#loaded.set(name, bound)
    return bound
  }

  async #admit(name: OperationName, request: FastifyRequest): Promise<void> {
    const caller = await this.#parts.door.identify(request)
    if ('reason' in caller) throw new RefusalError(caller)
    const row = await loadOperation(name)
    const refused = checkPermission(row, caller)
    if (refused !== undefined) throw new RefusalError(refused, caller)
    this.#callers.set(request, caller)
  }

  async #answer(bound: Bound, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { row, reader } = bound
    const caller = this.#callers.get(request)
    if (caller === undefined) throw new Error('a request reached a verb without its caller')
    const read = reader.read(request)
    if (read.kind === 'refused') throw new RefusalError(read, caller)
    const gone = this.#goneSignal(row, reply)
    const call: Call = {
      caller,
      expectedVersion: expectedVersionOf(request.headers['if-match']),
      signal: gone,
      body: uploadOf(takesBody(row) ? (request.body as IncomingMessage | undefined) : undefined),
      keepSession: (token) => this.#parts.door.keepSession(reply, token),
    }
    if (row.kind === 'events') this.#admitEventStream(reply)
    const answer = await this.#ask(bound, read.input, call, request.headers['idempotency-key'])
    if (isRefused(answer)) throw new RefusalError(answer, caller)
    switch (row.kind) {
      case 'events':
        return answerEvents(reply, row, this.#documentsOf(answer, call, request, reply))
      case 'lines':
      case 'upload':
        return answerLines(reply, row, this.#documentsOf(answer, call, request, reply))
      case 'octets':
        return answerOctets(reply, answer as OctetsAnswer, request.headers)
      case 'append':
      case 'plain':
      case 'list':
        return answerPlain(reply, row, answer)
    }
  }

  /** The documents of a stream. What breaks it is reported: its head has gone out, and only a cut can tell. */
  async *#documentsOf(
    answer: unknown,
    call: Call,
    request: FastifyRequest,
    reply: FastifyReply,
  ): AsyncGenerator<unknown> {
    try {
      yield* answer as AsyncIterable<unknown>
    } catch (error) {
      // A client that leaves in the middle of its upload is no break.
      if (!call.signal.aborted) this.#reportBreak(request, reply, error)
      throw error
    }
  }

  /** For who has proved to be somebody, a POST with an Idempotency-Key is done once. */
  async #ask(
    { name, row, verb }: Bound,
    input: unknown,
    call: Call,
    key: string | readonly string[] | undefined,
  ): Promise<unknown> {
    const isRepeatable = isKeyed(row) && call.caller.role !== undefined
    if (key === undefined || !isRepeatable) return verb(input, call)
    if (typeof key !== 'string' || key.length === 0 || key.length > 255) {
      return refuse('input-wrong', 'an Idempotency-Key has 1 to 255 characters')
    }
    return this.#answers.once(
      { caller: call.caller.actor.id, operation: name, key },
      input,
      () => verb(input, call),
      (answer) => !isRefused(answer),
    )
  }

  /** Aborts when the client of a stream has gone, or the server closes. */
  #goneSignal(row: Operation, reply: FastifyReply): AbortSignal {
    if (row.kind === 'plain' || row.kind === 'list') return this.#closing
    const gone = new AbortController()
    const onClosing = () => gone.abort()
    this.#closing.addEventListener('abort', onClosing)
    reply.raw.once('close', () => {
      this.#closing.removeEventListener('abort', onClosing)
      gone.abort()
    })
    if (this.#closing.aborted) gone.abort()
    return gone.signal
  }

  #admitEventStream(reply: FastifyReply): void {
    if (this.#eventStreams >= limits.eventStreams) {
      throw new RefusalError(
        refuse('busy', `${limits.eventStreams} watchers are here already; try again later`),
      )
    }
    this.#eventStreams++
    reply.raw.once('close', () => this.#eventStreams--)
  }
}

/** The record version that an edit expects. RFC 9110 section 13.1.1; one strong tag, as we give them out. */
function expectedVersionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const tag = /^"(\d{1,15})"$/.exec(header)?.[1]
  if (tag === undefined) {
    throw new RefusalError(
      refuse('input-wrong', 'If-Match must be one ETag of this API, such as "3"'),
    )
  }
  return Number(tag)
}
