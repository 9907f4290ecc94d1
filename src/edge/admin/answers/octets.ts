// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { OctetsAnswer } from '../verbs.ts'

/**
 * Sends octets, or the one range of them that was asked: who was cut off goes on where that was. The ETag is the
 * digest, so that a range is never of other octets.
 *
 * @see RFC 9110 section 14
 */
export function answerOctets(
  reply: FastifyReply,
  answer: OctetsAnswer,
  headers: IncomingHttpHeaders,
): FastifyReply {
  const tag = `"${answer.sha256.toHex()}"`
  const asked = headers['if-range'] === undefined || headers['if-range'] === tag
  const range = asked ? rangeOf(headers.range, answer.octets) : undefined
  reply.headers({
    ...{ 'accept-ranges': 'bytes', etag: tag, 'cache-control': 'private, immutable' },
    'content-disposition': `attachment; filename="${answer.name}"`,
    'content-digest': `sha-256=:${answer.sha256.toBase64()}:`,
  })
  if (range === 'unsatisfiable') {
    answer.close().catch(() => undefined)
    return reply.code(416).header('content-range', `bytes */${answer.octets}`).send()
  }
  const { from, length } = range ?? { from: 0, length: answer.octets }
  if (range !== undefined)
    reply.header('content-range', `bytes ${from}-${from + length - 1}/${answer.octets}`)
  return reply
    .code(range === undefined ? 200 : 206)
    .type('application/octet-stream')
    .header('content-length', length)
    .send(
      Readable.from(closing(answer, from, length), { objectMode: false, highWaterMark: 65_536 }),
    )
}

async function* closing(answer: OctetsAnswer, from: number, length: number) {
  try {
    yield* answer.read(from, length)
  } finally {
    await answer.close()
  }
}

/** One range of bytes; whatever else a client asks is answered with all of it, as it may be (RFC 9110 14.2). */
function rangeOf(
  header: string | undefined,
  octets: number,
): { readonly from: number; readonly length: number } | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), octets)
    return length === 0 ? 'unsatisfiable' : { from: octets - length, length }
  }
  const from = Number(first)
  const end = last === '' ? octets : Math.min(Number(last) + 1, octets)
  return from >= octets || end <= from ? 'unsatisfiable' : { from, length: end - from }
}
