// SPDX-License-Identifier: Apache-2.0
import type { FastifyReply } from 'fastify'
import type { Operation } from '#format/admin/operation.ts'
import { problemMediaType, problemOf, type RefusedInput } from './problem.ts'

/** Sends a refusal as a problem document. */
export function answerRefused(
  reply: FastifyReply,
  refused: RefusedInput,
  requestId: string,
): FastifyReply {
  const problem = problemOf(refused, requestId)
  return reply.code(problem.status).type(problemMediaType).send(problem)
}

/**
 * Sends one document, or a page of a list.
 *
 * It goes through the table's output first: what the table does not name stays here.
 */
export function answerPlain(reply: FastifyReply, row: Operation, answer: unknown): FastifyReply {
  const shown = row.kind === 'list' ? shownPage(row, answer) : row.output.parse(answer)
  const version = versionIn(shown)
  if (version !== undefined) reply.header('etag', `"${version}"`)
  for (const [member, field] of Object.entries(row.heads ?? {}))
    reply.header(field, headText(Reflect.get(shown as object, member)))
  return reply.code(row.creates ? 201 : 200).send(shown)
}

function shownPage(row: Operation, answer: unknown) {
  const { items, next } = answer as { readonly items: readonly unknown[]; readonly next: unknown }
  return { items: items.map((item) => row.output.parse(item)), next }
}

function versionIn(shown: unknown): number | undefined {
  return typeof shown === 'object' && shown !== null && 'version' in shown
    ? Number(shown.version)
    : undefined
}

/** As the draft of resumable uploads writes numbers and truth (RFC 9651). */
function headText(value: unknown): string {
  return typeof value === 'boolean' ? `?${Number(value)}` : String(value)
}
