// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** Asks over the local administrator's socket; a body of several pieces is streamed. @returns the last line */
export function askSocket(
  directory: string,
  path: string,
  body: object | Iterable<string>,
): Promise<Record<string, unknown>> {
  const isStream = Symbol.iterator in body
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
  const sent = request(
    {
      ...{ socketPath: join(directory, 'admin.sock'), method: 'POST', path: `/api/v1${path}` },
      headers: { 'content-type': isStream ? 'text/csv' : 'application/json' },
      agent: false,
    },
    (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => {
        text += piece
        text = text.slice(text.lastIndexOf('\n', text.length - 2) + 1)
      })
      answer.once('end', () => {
        if (answer.statusCode !== 200 && answer.statusCode !== 201)
          reject(new Error(`${answer.statusCode}: ${text}`))
        else resolve(JSON.parse(text))
      })
    },
  )
  sent.once('error', reject)
  if (isStream) Readable.from(body).pipe(sent)
  else sent.end(JSON.stringify(body))
  return promise
}
