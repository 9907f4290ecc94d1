// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod'

/** What a person may be; each may do what the ones after it may. */
export const personRoles = ['administrator', 'operator', 'auditor'] as const
/**
 * What a machine may be, in the same order. A verifier may ask whether a certificate is to be believed and nothing
 * else: whoever steals the credential of an application reads nothing and changes nothing.
 */
export const roles = [...personRoles, 'verifier'] as const
export type Role = (typeof roles)[number]
/**
 * What a job of a build is, apart from that order: it may ask what a row says, for the products that it is for, and
 * nothing else.
 */
export const builder = 'builder'
/**
 * What a machine may be, apart from that order, that has digests of approved artefacts signed as a client of SignServer
 * and does nothing else: whoever steals its credential gets signatures that were to be made anyway.
 */
export const signer = 'signer'
export type CallerRole = Role | typeof builder | typeof signer

/**
 * Where the same API is reached: the operator port (browsers), the socket of the data directory
 * (the local administrator), the device port (machines with a client certificate).
 */
export const doors = ['operator', 'local', 'machine'] as const
export type DoorName = (typeof doors)[number]

/**
 * How an answer comes.
 *
 * `plain`: one JSON document. `list`: a page `{ items, next }`. `events`: server-sent events, each
 * one JSON document, until the client leaves. `lines`: JSON documents, one a line (NDJSON).
 * `upload`: a body goes in, CSV unless the row says otherwise, `lines` come out. `append`: octets go in, from an
 * offset on, and one document comes out. `octets`: they come out as they are, or the range of them that was asked.
 */
export type OperationKind = 'plain' | 'list' | 'events' | 'lines' | 'upload' | 'append' | 'octets'

/** Whether a body of its own goes in, which is read as it comes. */
export function takesBody({ kind }: Pick<Operation, 'kind'>): boolean {
  return kind === 'upload' || kind === 'append'
}

/** One thing that can be asked of an installation: REST route, OpenAPI and command are made from it. */
export interface Operation<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodType = z.ZodType,
  K extends OperationKind = OperationKind,
> {
  readonly kind: K
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Under `/api/v1`; `:name` takes its value from the input of that name. */
  readonly path: string
  /** The least role; `public` asks for none. */
  readonly role: Role | 'public'
  /** A job of a build may ask it, too. Its product, or its release's, is held against what the job is for. */
  readonly builders?: true
  /** Where it can be reached; absent: at every door. */
  readonly doors?: readonly DoorName[]
  /** Path, query and body merged into one; field descriptions are the help of each argument. */
  readonly input: I
  /** The document, or one item, event or line of it. What it does not name never leaves the house. */
  readonly output: O
  /** True if success is a new thing: answered 201. */
  readonly creates?: true
  /**
   * True of a question whose answer is of the moment, and which applications ask all the time: no answer is kept
   * for a repetition, and its askers are not held to the pace of people.
   */
  readonly ofTheMoment?: true
  /** True of what programs ask hundreds of times in a minute: they are not held to the pace of people. */
  readonly ofPrograms?: true
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** What a person should know before using it: whole sentences. */
  readonly help: string
  /** Inputs given on the command line by position, in this order; all others are flags. */
  readonly positional?: readonly (keyof z.input<I> & string)[]
  /** Flag words that are not the kebab-case of the input's name. */
  readonly flags?: Partial<Record<keyof z.input<I> & string, string>>
  /** Inputs that the command line takes from a file whose path it is given. */
  readonly files?: readonly (keyof z.input<I> & string)[]
  /** Inputs that never stand in an argument: asked for without echo, or read from standard input. */
  readonly secrets?: readonly (keyof z.input<I> & string)[]
  /** Of an upload: what its body is; absent: rows of CSV. Of an append: as the draft of resumable uploads calls it. */
  readonly uploadType?: 'application/octet-stream' | 'application/partial-upload'
  /** Members of the answer that stand in its head, too, where also HEAD may be asked. */
  readonly heads?: Readonly<Record<string, string>>
  /** Inputs that may be said in a field of the head instead of the query. */
  readonly fields?: Partial<Record<keyof z.input<I> & string, string>>
  /** The most that its body may have, where the usual bound is too small. */
  readonly bodyBytes?: number
  /** Inputs that a person may also say as a name: the command line looks their id up. */
  readonly references?: Partial<Record<keyof z.input<I> & string, Reference>>
}

/** The kinds of things that have a name or serial besides their id. */
export type Reference =
  | 'application'
  | 'authority'
  | 'device'
  | 'machine'
  | 'person'
  | 'product'
  | 'proxy'
  | 'registrar'
  | 'upstream'

/** Keeps the exact types of one row. */
export function operation<
  I extends z.ZodObject,
  O extends z.ZodType,
  const K extends OperationKind,
>(row: Operation<I, O, K>): Operation<I, O, K> {
  return row
}

/** What an input holds, for who has only text: the command line and query strings. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'list' | 'choice' | 'document'

export interface Field {
  readonly kind: FieldKind
  readonly required: boolean
  readonly help: string
  /** For `choice`: the words. */
  readonly choices: readonly string[]
  /** For those that are optional: what stands when nothing is said. */
  readonly fallback: unknown
}

/** The inputs of an operation by name, as the command line and the page need to know them. */
export function fieldsOf(row: Operation): ReadonlyMap<string, Field> {
  return new Map(
    Object.entries(row.input.shape).map(([name, schema]) => [name, fieldOf(schema as z.ZodType)]),
  )
}

function fieldOf(schema: z.ZodType): Field {
  let inner = schema
  let help = schema.description ?? ''
  let fallback: unknown
  while (isWrapped(inner)) {
    if (inner.def.type === 'default') fallback = inner.def.defaultValue
    inner = inner.def.innerType
    help ||= inner.description ?? ''
  }
  return {
    kind: kindOf(inner),
    required: !schema.safeParse(undefined).success,
    help,
    choices: isChoice(inner) ? Object.values(inner.def.entries) : [],
    fallback,
  }
}

interface Wrapped {
  readonly def: { type: 'default' | 'optional'; innerType: z.ZodType; defaultValue?: unknown }
}

function isWrapped(schema: z.ZodType): schema is z.ZodType & Wrapped {
  return schema.def.type === 'default' || schema.def.type === 'optional'
}

function isChoice(
  schema: z.ZodType,
): schema is z.ZodType & { def: { entries: Record<string, string> } } {
  return schema.def.type === 'enum'
}

function kindOf(schema: z.ZodType): FieldKind {
  switch (schema.def.type) {
    case 'string':
      return 'text'
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'array':
      return 'list'
    case 'enum':
      return 'choice'
    default:
      return 'document'
  }
}
