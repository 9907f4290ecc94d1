// SPDX-License-Identifier: Apache-2.0

import type { Refused } from '#core/refusal.ts'
import type { OperationIn, Room } from '#format/admin/load-operation.ts'
import type { InputOf, KindOf, OperationName, OutputOf } from '#format/admin/operations.ts'
import type { Caller } from './caller.ts'

/** What a verb may know of the request beside its input. */
export interface Call {
  readonly caller: Caller
  /** The version that an edit expects (If-Match); undefined: any. */
  readonly expectedVersion: number | undefined
  /** Aborts when the client has gone or the server closes. */
  readonly signal: AbortSignal
  /** For an upload or an append: its body, which may be left unread. */
  readonly body: AsyncIterable<Uint8Array>
  /** Lets the client keep a session (undefined: give it up); does nothing where there are none. */
  keepSession(token: string | undefined): void
}

/** One page of a list, items as they are shown. */
export interface PageOf<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** Octets that are read as the client takes them; `close` is called once, however it ends. */
export interface OctetsAnswer {
  readonly octets: number
  /** 32 bytes. */
  readonly sha256: Uint8Array
  readonly name: string
  read(from: number, length: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

interface Answers<T> {
  plain: T
  list: PageOf<T>
  events: AsyncIterable<T>
  lines: AsyncIterable<T>
  upload: AsyncIterable<T>
  append: T
  octets: OctetsAnswer
}

export type Verb<N extends OperationName> = (
  input: InputOf<N>,
  call: Call,
) => Promise<Answers<OutputOf<N>>[KindOf<N>] | Refused>

/** One function an operation. */
export type Verbs = { readonly [N in OperationName]: Verb<N> }

/** The verbs behind a room of the table of operations. */
export type VerbsIn<R extends Room> = Pick<Verbs, OperationIn<R>>

/** What the API is bound to: gives the verb of an operation, which is loaded when it is first asked for. */
export type LoadVerb = <N extends OperationName>(name: N) => Promise<Verb<N>>
