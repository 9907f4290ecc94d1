// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { refuse } from '#trust/refusal.ts'
import { DeviceFault, reasonOf } from '../fault.ts'
import { parseHttpDate } from '../patience.ts'
import type { NetworkLimits } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { isAboutOurCertificate } from './alert.ts'
import type { Server } from './server.ts'

/** Taken so, since an import of it loads a client for the web that nobody needs here: 50 ms, and 16 MB. */
const { request } = process.getBuiltinModule('node:http')

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer that came whole. */
export interface Reply {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
  /** The server's clock, where it told it. */
  readonly date: Temporal.Instant | undefined
}

/**
 * Asks one question over a connection, and closes it.
 *
 * @throws DeviceFault connection-cut if the answer does not come whole and in time
 */
export async function exchange(
  socket: TLSSocket,
  server: Server,
  question: Question,
  limits: NetworkLimits,
): Promise<Reply | Refused> {
  const alarm = setTimeout(() => socket.destroy(new Error('too slow')), limits.answerMilliseconds)
  try {
    const message = await ask(socket, server, question)
    const body = await readBody(message, limits.answerBytes)
    if (body === undefined) {
      return refuse(
        'answer-too-large',
        `the answer to ${question.path} is larger than ${limits.answerBytes} bytes`,
      )
    }
    const { headers, statusCode: status = 0 } = message
    return { kind: 'reply', status, headers, body, date: parseHttpDate(headers.date) }
  } catch (cause) {
    if (isAboutOurCertificate(cause)) {
      return refuse('credential-refused', `the server ended the connection: ${reasonOf(cause)}`)
    }
    throw new DeviceFault(
      'connection-cut',
      `${question.method} ${question.path} at ${server.authority}: ${reasonOf(cause)}`,
      { cause },
    )
  } finally {
    clearTimeout(alarm)
    socket.destroy()
  }
}

function ask(socket: TLSSocket, server: Server, question: Question): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request({
      createConnection: () => socket,
      method: question.method,
      path: question.path,
      maxHeaderSize: 16_384,
      headers: {
        host: server.authority,
        connection: 'close',
        'user-agent': 'vitalsign-device',
        ...question.headers,
        ...(question.body !== undefined && { 'content-length': Buffer.byteLength(question.body) }),
      },
    })
    asking.once('response', resolve)
    asking.once('error', reject)
    asking.end(question.body)
  })
}

/** The whole body, or undefined if it is larger than `most`. */
async function readBody(message: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const body = new Uint8Array(most)
  let length = 0
  for await (const chunk of message) {
    if (!(chunk instanceof Uint8Array) || length + chunk.length > most) return undefined
    body.set(chunk, length)
    length += chunk.length
  }
  return body.slice(0, length)
}
