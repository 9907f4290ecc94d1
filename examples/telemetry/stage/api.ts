// SPDX-License-Identifier: Apache-2.0
/** The API of an installation as its owner reaches it: at the socket of the data directory (docs/api.md). */
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Failed } from '../../../demo/programs.ts'

export type Json = Readonly<Record<string, unknown>>

/** One call. @throws Failed with the problem document, if it is refused */
export async function callApi(
  data: string,
  method: 'GET' | 'POST',
  path: string,
  input?: Json,
): Promise<Json> {
  const { promise, resolve, reject } = Promise.withResolvers<Json>()
  const options = {
    ...{ socketPath: join(data, 'admin.sock'), method, path: `/api/v1${path}`, agent: false },
    headers: input === undefined ? {} : { 'content-type': 'application/json' },
  }
  const sent = request(options, async (answer) => {
    try {
      const body = await text(answer)
      const isDone = answer.statusCode === 200 || answer.statusCode === 201
      if (!isDone) throw new Failed(`${method} ${path}: ${answer.statusCode} ${body}`)
      resolve(JSON.parse(body) as Json)
    } catch (error) {
      reject(error)
    }
  })
  sent.on('error', reject)
  sent.end(input === undefined ? undefined : JSON.stringify(input))
  return promise
}
