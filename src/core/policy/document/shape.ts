// SPDX-License-Identifier: Apache-2.0
/**
 * The vocabulary in which a document is described.
 *
 * From one description come the TypeScript type, the parser and the published JSON Schema.
 */

type Node =
  | {
      readonly kind: 'text'
      readonly about: string
      readonly atMost: number
      readonly pattern?: string
      /** What the pattern asks for, in words that follow "write". */
      readonly form?: string
    }
  | {
      readonly kind: 'word'
      readonly about: string
      readonly words: readonly string[]
      /** Besides the words: any dotted object identifier. */
      readonly orOid?: boolean
    }
  | { readonly kind: 'whole'; readonly about: string; readonly from: number; readonly to: number }
  | { readonly kind: 'yesNo'; readonly about: string }
  | {
      readonly kind: 'list'
      readonly about: string
      readonly of: Shape
      readonly from: number
      readonly to: number
    }
  | {
      readonly kind: 'record'
      readonly about: string
      readonly members: Members
      /** Exactly one of these members stands. */
      readonly oneOf?: readonly string[]
    }

/** What a value looks like; `T` is what it is once read. */
export type Shape<T = unknown> = Node & {
  readonly optional?: boolean
  /** Carries the type only; never present at run time. */
  readonly type?: T
}
type Members = Readonly<Record<string, Shape>>

export type TypeOf<S> = S extends { readonly type?: infer T } ? Exclude<T, undefined> : never

type Optional = { readonly optional: true }
export type RecordType<M extends Members> = {
  readonly [K in keyof M as M[K] extends Optional ? never : K]: TypeOf<M[K]>
} & {
  readonly [K in keyof M as M[K] extends Optional ? K : never]?: TypeOf<M[K]>
}

/** A dotted object identifier; first arc 0 to 2, no leading zeros. */
export const oidPattern = '^[0-2](\\.(0|[1-9][0-9]{0,18})){1,30}$'

/** Text of 1 to `atMost` characters, matching the pattern if there is one. */
export function text(
  about: string,
  atMost: number,
  rule?: { readonly pattern: string; readonly form: string },
): Shape<string> {
  return { kind: 'text', about, atMost, ...rule }
}

export function word<const W extends readonly string[]>(about: string, words: W): Shape<W[number]> {
  return { kind: 'word', about, words }
}

/** One of the words, or a dotted object identifier. */
export function wordOrOid(about: string, words: readonly string[]): Shape<string> {
  return { kind: 'word', about, words, orOid: true }
}

/** A whole number, both ends included. */
export function whole(about: string, from: number, to: number): Shape<number> {
  return { kind: 'whole', about, from, to }
}

export function yesNo(about: string): Shape<boolean> {
  return { kind: 'yesNo', about }
}

/** A list of `from` to `to` items, no text twice. */
export function list<T>(
  about: string,
  of: Shape<T>,
  from: number,
  to: number,
): Shape<readonly T[]> {
  return { kind: 'list', about, of, from, to }
}

export function record<const M extends Members>(
  about: string,
  members: M,
  rule?: { readonly oneOf: readonly (keyof M & string)[] },
): Shape<RecordType<M>> {
  return { kind: 'record', about, members, ...rule }
}

/** The same shape, which may also be left out. */
export function optional<T>(shape: Shape<T>): Shape<T> & Optional {
  return { ...shape, optional: true }
}
