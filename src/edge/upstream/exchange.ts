// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { callingOptions } from '#trust/tls-settings.ts'

/** What is sent to an upstream. */
export interface Question {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** By whom a server is known, and by what we are. */
export interface Trust {
  /** PEM; none: the machine's own roots. */
  readonly roots: readonly string[]
  /** PEM: a key and its chain, leaf first. */
  readonly identity?: { readonly key: string; readonly chain: string } | undefined
}

export type Exchanged =
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: Uint8Array
    }
  /** No byte of the question can have left. */
  | { readonly kind: 'unreached'; readonly words: string }
  /** It may have been heard. */
  | { readonly kind: 'cut'; readonly words: string }

/** A chain of ML-DSA certificates has some 30 kB; a directory or a problem far less. */
const mostBytes = 262_144
const mostHeaderBytes = 16_384

/**
 * Asks one question over a connection of its own; a redirect is an answer like any other and is not followed.
 *
 * Whether the question left is told by the handshake: nothing is sent before the server has proved itself.
 */
export async function exchange(
  { method, url, headers, body }: Question,
  { roots, identity }: Trust,
  signal: AbortSignal,
): Promise<Exchanged> {
  if (url.protocol !== 'https:') return { kind: 'unreached', words: 'its address is not https' }
  if (signal.aborted) return { kind: 'unreached', words: 'there was no time left' }
  const { promise, resolve } = Promise.withResolvers<Exchanged>()
  let isSecure = false
  const fail = (words: string) => resolve({ kind: isSecure ? 'cut' : 'unreached', words })
  const sent = request(url, {
    ...{ method, agent: false, signal, maxHeaderSize: mostHeaderBytes },
    ...callingOptions(),
    ...(roots.length > 0 && { ca: [...roots] }),
    ...(identity !== undefined && { key: identity.key, cert: identity.chain }),
    headers: {
      ...{ connection: 'close', 'user-agent': 'vitalsign' },
      ...headers,
      ...(body !== undefined && { 'content-length': `${Buffer.byteLength(body)}` }),
    },
  })
  sent.once('socket', (socket) => {
    // The request's own bytes follow the handshake in which the server is checked.
    socket.once('secureConnect', () => {
      isSecure = (socket as TLSSocket).authorized
    })
  })
  sent.once('error', (error: NodeJS.ErrnoException) => fail(said(error, signal)))
  sent.once('response', (answer) => {
    const chunks: Uint8Array[] = []
    let length = 0
    answer.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length <= mostBytes) return void chunks.push(chunk)
      fail(`its answer has more than ${mostBytes} bytes`)
      sent.destroy()
    })
    answer.once('error', (error: NodeJS.ErrnoException) => fail(said(error, signal)))
    answer.once('end', () => {
      if (!answer.complete) return fail('its answer ended in the middle')
      const { statusCode: status = 0 } = answer
      resolve({ kind: 'reply', status, headers: answer.headers, body: joined(chunks) })
    })
  })
  sent.end(body)
  return promise
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks))
}

function said(error: NodeJS.ErrnoException, signal: AbortSignal): string {
  if (signal.aborted) return 'it did not answer in time'
  const { code, message } = error
  return printable(code === undefined || message.includes(code) ? message : `${message} (${code})`)
}

/** A stranger's words as an operator may read them: one line, without control characters, not long. */
export function printable(text: string): string {
  return text
    .replace(/[^\P{C}]+|\s+/gu, ' ')
    .trim()
    .slice(0, 300)
}

/** What an answer says, in a line. */
export function wordsOf(body: Uint8Array): string {
  return printable(new TextDecoder().decode(body.subarray(0, 4_096)))
}

/** RFC 9110 section 10.2.3: seconds, or a date; undefined for neither. */
export function retryAfterOf(
  headers: IncomingHttpHeaders,
  now: Temporal.Instant,
): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, (at - now.epochMilliseconds) / 1000)
}
