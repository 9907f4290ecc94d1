// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Operation } from '#format/admin/operation.ts'
import { limits } from '../limits.ts'

/** Sends documents one a line (NDJSON), as they come and as fast as the client reads. */
export function answerLines(
  reply: FastifyReply,
  row: Operation,
  documents: AsyncIterable<unknown>,
): FastifyReply {
  return reply
    .code(200)
    .type('application/x-ndjson')
    .send(Readable.from(lines(row, documents)))
}

async function* lines(row: Operation, documents: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const document of documents) yield `${JSON.stringify(row.output.parse(document))}\n`
}

/**
 * Sends documents as server-sent events, with a sign of life in between.
 *
 * @see HTML Living Standard section 9.2
 */
export function answerEvents(
  reply: FastifyReply,
  row: Operation,
  documents: AsyncIterable<unknown>,
): FastifyReply {
  return (
    reply
      .code(200)
      .type('text/event-stream')
      .header('x-accel-buffering', 'no')
      // It ends when the server closes, which must not then wait for an idle connection.
      .header('connection', 'close')
      .send(Readable.from(events(row, documents)))
  )
}

const silence = Symbol('silence')

async function* events(row: Operation, documents: AsyncIterable<unknown>): AsyncGenerator<string> {
  const iterator = documents[Symbol.asyncIterator]()
  let next = iterator.next()
  try {
    for (;;) {
      const beat = heartbeat()
      const result = await Promise.race([next, beat.passed])
      beat.stop()
      if (result === silence) {
        yield ':\n\n'
        continue
      }
      if (result.done) return
      yield `data: ${JSON.stringify(row.output.parse(result.value))}\n\n`
      next = iterator.next()
    }
  } finally {
    // The verb's own signal has been aborted by now, so its wait ends; nobody waits for it here.
    iterator.return?.().catch(() => {})
  }
}

function heartbeat(): { readonly passed: Promise<typeof silence>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<typeof silence>()
  const timer = setTimeout(() => resolve(silence), limits.heartbeatMilliseconds)
  return { passed: promise, stop: () => clearTimeout(timer) }
}
