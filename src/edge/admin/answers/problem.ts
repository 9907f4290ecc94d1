// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { CursorError } from '#core/ledger/ledger.ts'
import type { Refusal, Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { Caller } from '../caller.ts'
import { statusOf } from './refusals.ts'

/** What is wrong with one input. */
export interface InputFault {
  readonly path: string
  readonly fault: string
}

/** A "no" that also names the inputs that are wrong. */
export interface RefusedInput extends Refused {
  readonly faults?: readonly InputFault[]
}

/** RFC 9457. `code` is the refusal, or `broken` where the house itself failed. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: Refusal | 'broken'
  readonly detail: string
  /** The request id, by which the log can be searched. */
  readonly instance: string
  readonly faults?: readonly InputFault[]
}

export const problemMediaType = 'application/problem+json'

export function isRefused(value: unknown): value is RefusedInput {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused'
}

/** The document of a refusal; its type leads to what `explain` says of it. */
export function problemOf(refused: RefusedInput, requestId: string): Problem {
  return {
    type: `/api/v1/words/${refused.reason}`,
    title: refused.reason.replaceAll('-', ' '),
    status: statusOf[refused.reason],
    code: refused.reason,
    detail: refused.detail,
    instance: `urn:request:${requestId}`,
    ...(refused.faults === undefined ? {} : { faults: refused.faults }),
  }
}

/** The document of a break: says where to look, and no more than that the store is away. */
export function brokenProblem(error: unknown, requestId: string): Problem {
  const isAway = error instanceof Fault && error.code === 'store-unreachable'
  return {
    type: 'about:blank',
    title: 'broken',
    status: isAway ? 503 : 500,
    code: 'broken',
    detail: isAway
      ? 'the database cannot be reached, so whether anything was changed is not known; serving goes on by itself when it is back'
      : 'something broke in the server; its log says more under this request id',
    instance: `urn:request:${requestId}`,
  }
}

/** A refusal on its way through machinery that only lets errors pass. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError'
  readonly refused: RefusedInput
  /** Who was refused, where that is known. */
  readonly caller: Caller | undefined

  constructor(refused: RefusedInput, caller?: Caller) {
    super(refused.detail)
    this.refused = refused
    this.caller = caller
  }
}

/** What the web framework or the store found wrong, as a refusal; undefined for a break. */
export function refusalIn(error: unknown): RefusedInput | undefined {
  if (error instanceof RefusalError) return error.refused
  if (error instanceof Fault && error.code === 'store-full') {
    return refuse('store-full', 'the disk of the server is full; nothing was changed')
  }
  if (error instanceof CursorError) return refuse('input-wrong', `after: ${error.message}`)
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  switch (error.statusCode) {
    case 413:
      return refuse('request-too-large', 'the body is larger than this operation takes')
    case 415:
      return refuse('media-type-wrong', 'send the body as application/json')
    case 400:
      return refuse('request-malformed', 'the request is not well-formed HTTP or JSON')
    default:
      return undefined
  }
}
