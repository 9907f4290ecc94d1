// SPDX-License-Identifier: Apache-2.0
/** The API of a house as its owner reaches it: at the socket of the data directory. */
import { request } from 'node:http'

export interface ApiAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON holds; a test looks at what it needs.
  readonly body: any
}

/** One call; the input becomes the body. */
export function callApi(
  { socket }: { readonly socket: string },
  method: string,
  path: string,
  input?: object,
): Promise<ApiAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>()
  const sent = request(
    {
      ...{ socketPath: socket, path: `/api/v1${path}`, method },
      headers: input === undefined ? {} : { 'Content-Type': 'application/json' },
    },
    async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) })
    },
  )
  sent.on('error', reject)
  sent.end(input === undefined ? undefined : JSON.stringify(input))
  return promise
}
