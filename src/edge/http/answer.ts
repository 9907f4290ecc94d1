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
 * `fields` stand before the answer's own: names and values by turns. `Content-Length` is always set, but for streams and where RFC 9110 section 8.6 forbids it.
 * Resolves when all is handed over; rejects if a stream breaks, and then the connection is cut.
 */
export async function writeAnswer(
  response: ServerResponse,
  answer: HttpResponse,
  fields: readonly string[] = [],
): Promise<void> {
  const { status, headers, body } = answer
  const bodiless = response.req.method === 'HEAD' || status === 204 || status === 304
  if (typeof body === 'string' || body instanceof Uint8Array) {
    if (answer.wipe === true && typeof body !== 'string') response.once('close', () => body.fill(0))
    response.writeHead(status, headOf(fields, headers, lengthOf(status, body)))
    if (bodiless) response.end()
    else if (typeof body === 'string' || answer.wipe === true || body.length > mostInOnePiece)
      response.end(body)
    else response.end(latin1Of(body), 'latin1')
    return
  }
  response.writeHead(status, headOf(fields, headers, undefined))
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
  fields: readonly string[],
  limits: FrontLimits,
): void {
  const length = lengthOf(answer.status, answer.body)
  response.writeHead(answer.status, headOf(fields, answer.headers, length))
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

/** Names and values by turns: node takes that as it is, and looks through an object first. */
function headOf(
  fields: readonly string[],
  headers: Readonly<Record<string, string>>,
  length: string | undefined,
): string[] {
  const head = fields.slice()
  for (const name in headers) head.push(name, headers[name] ?? '')
  if (length !== undefined) head.push('Content-Length', length)
  return head
}

function lengthOf(status: number, body: string | Uint8Array): string | undefined {
  if (status === 204 || status === 304) return undefined
  return `${typeof body === 'string' ? Buffer.byteLength(body) : body.length}`
}

/**
 * Bytes up to this leave as text, an octet a character: node then sends head and body by one plain write, which
 * costs less than the copy.
 */
const mostInOnePiece = 16_384

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
