// SPDX-License-Identifier: Apache-2.0
/** The socket of the data directory, as the command line uses it. */
import { request } from 'node:http'

export interface LocalAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  readonly document: any
}

/** One question at the local administrator's door. */
export function askLocal(
  { socket }: { readonly socket: string },
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<LocalAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<LocalAnswer>()
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  request(
    { ...{ socketPath: socket, method, path: `/api/v1${path}`, headers, agent: false } },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: answer.statusCode ?? 0, document: text === '' ? {} : JSON.parse(text) })
      })
    },
  )
    .on('error', reject)
    .end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
