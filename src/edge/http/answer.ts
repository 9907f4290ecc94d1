// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FrontLimits } from './limits.ts'
import type { HttpResponse } from './message.ts'

export type PlainAnswer = HttpResponse & { readonly body: string }

/** A plain line for people; no secret, no path of ours, no stack. */
export function plainAnswer(
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): PlainAnswer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: `${line}\n`,
  }
}

/**
 * Writes an answer; head and body leave in one piece, unless the body is a stream.
 *
 * `Content-Length` is always set, but for streams and where RFC 9110 section 8.6 forbids it.
 * Resolves when all is handed over; rejects if a stream breaks, and then the connection is cut.
 */
export async function writeAnswer(response: ServerResponse, answer: HttpResponse): Promise<void> {
  const { status, headers, body } = answer
  const bodiless = response.req.method === 'HEAD' || status === 204 || status === 304
  if (typeof body === 'string' || body instanceof Uint8Array) {
    if (answer.wipe === true && typeof body !== 'string') response.once('close', () => body.fill(0))
    response.writeHead(status, withLength(status, headers, body))
    response.end(bodiless ? undefined : body)
    return
  }
  response.writeHead(status, headers)
  if (bodiless) response.end()
  else await pipeline(Readable.from(body), response)
}

/**
 * Answers a request whose body is not wanted, and then closes the connection, as the answer's
 * `Connection: close` has been set to say.
 *
 * To close with unread input would reset the connection and might take the answer with it, so that
 * for a little while what comes is read and thrown away. RFC 9112 section 9.6.
 */
export function writeAnswerAndLinger(
  request: IncomingMessage,
  response: ServerResponse,
  answer: PlainAnswer,
  limits: FrontLimits,
): void {
  response.writeHead(answer.status, withLength(answer.status, answer.headers, answer.body))
  if (request.method !== 'HEAD') response.write(answer.body)
  let left = limits.lingerBytes
  const finish = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(finish, limits.lingerMilliseconds)
  request
    .on('data', (chunk: Uint8Array) => {
      left -= chunk.length
      if (left < 0) finish()
    })
    .on('end', finish)
    .on('close', finish)
    .resume()
}

function withLength(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Record<string, string> {
  if (status === 204 || status === 304) return { ...headers }
  return { ...headers, 'Content-Length': `${Buffer.byteLength(body)}` }
}
