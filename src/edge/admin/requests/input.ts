// SPDX-License-Identifier: Apache-2.0
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type Field, fieldsOf, type Operation, takesBody } from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'
import type { InputFault, RefusedInput } from '../answers/problem.ts'

/** Reads the input of an operation from path, query and body, which are one for who asks. */
export class InputReader {
  readonly #row: Operation
  #fields: ReadonlyMap<string, Field> | undefined
  readonly #inPath: readonly string[]

  constructor(row: Operation) {
    this.#row = row
    this.#inPath = [...row.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
  }

  /** The checked input, or what is wrong with it, input by input. Values are not repeated: some are secret. */
  read(
    request: Pick<FastifyRequest, 'params' | 'query' | 'body' | 'headers'>,
  ): { readonly kind: 'input'; readonly input: Readonly<Record<string, unknown>> } | RefusedInput {
    const body = this.#row.method === 'POST' && !takesBody(this.#row) ? (request.body ?? {}) : {}
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      return refuse('input-wrong', 'the body must be a JSON object')
    }
    const beside: Record<string, unknown> = {
      ...this.#typed(this.#inHead(request.headers)),
      ...this.#typed(request.query),
      ...body,
    }
    const twice = this.#inPath.find((name) => Object.hasOwn(beside, name))
    if (twice !== undefined) {
      return refuse('input-wrong', `"${twice}" stands in the path and must not stand elsewhere`)
    }
    const given = { ...beside, ...this.#typed(request.params) }
    const parsed = this.#row.input.safeParse(given)
    if (parsed.success) return { kind: 'input', input: parsed.data }
    const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, given))
    const shown = faults.map(({ path, fault }) => `${path}: ${fault}`).join('; ')
    return { ...refuse('input-wrong', shown), faults }
  }

  /** What the row lets be said in fields of the head. */
  #inHead(headers: FastifyRequest['headers']): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this.#row.fields ?? {}).flatMap(([name, field]) =>
        field === undefined || headers[field] === undefined ? [] : [[name, headers[field]]],
      ),
    )
  }

  /** Path and query hold text only: numbers and booleans are read from it where the input is one. */
  #typed(values: unknown): Record<string, unknown> {
    const typed: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(values ?? {})) {
      // Made by the first that needs it: most rows are never asked, and all of them would make each start longer.
      this.#fields ??= fieldsOf(this.#row)
      typed[name] = typedValue(this.#fields.get(name), value)
    }
    return typed
  }
}

function typedValue(field: Field | undefined, value: unknown): unknown {
  if (field?.kind === 'list') return Array.isArray(value) ? value : [value]
  if (typeof value !== 'string') return value
  if (field?.kind === 'number' && /^-?\d{1,15}$/.test(value)) return Number(value)
  if (field?.kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function faultsOf(issue: z.core.$ZodIssue, given: unknown): readonly InputFault[] {
  const path = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [path, key].filter(Boolean).join('.'),
      fault: 'is not known here',
    }))
  }
  return [{ path: path === '' ? 'body' : path, fault: wordsOf(issue, isMissing(issue, given)) }]
}

function isMissing(issue: z.core.$ZodIssue, given: unknown): boolean {
  let value = given
  for (const key of issue.path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  }
  return value === undefined
}

/** What is wrong, in lower case and without the value. */
function wordsOf(issue: z.core.$ZodIssue, missing: boolean): string {
  if (missing) return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`
    case 'too_small':
      return `is too small: at least ${issue.minimum}${unit(issue.origin)}`
    case 'too_big':
      return `is too large: at most ${issue.maximum}${unit(issue.origin)}`
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'must be an instant such as 2027-01-31T12:00:00Z'
        : issue.message
    default:
      return issue.message
  }
}

function article(type: string): string {
  return type === 'int' ? 'a whole number' : `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
}
