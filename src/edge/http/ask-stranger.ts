// SPDX-License-Identifier: Apache-2.0
import { request as secureRequest } from 'node:https'
import { callingOptions } from '#trust/tls-settings.ts'
import { request as plainRequest } from './node-http.ts'

export interface Question {
  readonly url: URL
  /** Sent as POST; without it the question is a GET. */
  readonly body?: { readonly mediaType: string; readonly bytes: Uint8Array }
  /** How long it may take, from the first packet to the last. */
  readonly patienceMilliseconds: number
  /** The longest answer that is read. */
  readonly mostBytes: number
}

/**
 * Asks a service of somebody else once, by a connection of its own, within bounds of time and size.
 *
 * @returns the body of its 200; a text says why there is none, and holds nothing that the other side wrote
 */
export function askStranger(question: Question): Promise<Uint8Array | string> {
  const { url, body, patienceMilliseconds, mostBytes } = question
  const { promise, resolve } = Promise.withResolvers<Uint8Array | string>()
  const signal = AbortSignal.timeout(patienceMilliseconds)
  const options = {
    ...{ method: body === undefined ? 'GET' : 'POST', agent: false, signal, maxHeaderSize: 16_384 },
    headers: {
      connection: 'close',
      ...(body && { 'content-type': body.mediaType, 'content-length': body.bytes.length }),
    },
  }
  const sent =
    url.protocol === 'https:'
      ? secureRequest(url, { ...options, ...callingOptions() })
      : plainRequest(url, options)
  const fail = ({ code }: NodeJS.ErrnoException) =>
    resolve(
      signal.aborted
        ? `no answer in ${patienceMilliseconds / 1000} seconds`
        : `the connection broke${code === undefined ? '' : ` (${code})`}`,
    )
  sent.once('error', fail)
  sent.once('response', (answer) => {
    const chunks: Buffer[] = []
    let length = 0
    answer.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length <= mostBytes) return
      resolve(`its answer has more than ${mostBytes} bytes`)
      sent.destroy()
    })
    answer.once('error', fail)
    answer.once('end', () => {
      if (answer.statusCode !== 200) return resolve(`it answered with status ${answer.statusCode}`)
      resolve(answer.complete ? new Uint8Array(Buffer.concat(chunks)) : 'its answer was cut off')
    })
  })
  sent.end(body?.bytes)
  return promise
}
