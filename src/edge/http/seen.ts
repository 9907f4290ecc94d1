// SPDX-License-Identifier: Apache-2.0

/** One request, told once its answer has left: nothing of it that could be secret or belongs to one device. */
export interface RequestSeen {
  /** As in `X-Request-Id`. */
  readonly requestId: string
  /** The kind of work, from a short list that no stranger can lengthen: `est-simpleenroll`, `crl`. */
  readonly operation: string
  readonly method: string
  /** HTTP status; 0 if the connection was gone before an answer began. */
  readonly status: number
  /** The refusal that was answered, if one was. */
  readonly refusal: string | undefined
  readonly milliseconds: number
  /** The address of the connection. */
  readonly source: string
}

/** Who sees the requests of a front. */
export interface Witness {
  /** A clock that only goes forward, in milliseconds. */
  now(): number
  /** MUST NOT throw, and be quick. */
  see(request: RequestSeen): void
}

/** What an answer says of itself to the witness; no part of it is sent. */
export interface AnswerAbout {
  readonly operation?: string | undefined
  readonly refusal?: string | undefined
}

/** Of a path that leads nowhere. */
export const unknownOperation = 'unknown'
