// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream'
import { refuse } from '#trust/refusal.ts'
import { RefusalError } from '../answers/problem.ts'
import { limits } from '../limits.ts'

/**
 * The body of an upload, as it comes in. What the reader leaves is thrown away, so that the client,
 * still sending, can hear why.
 *
 * @throws RefusalError `request-too-large` while being read, `input-wrong` if there is none
 */
export async function* uploadOf(
  body: Readable | undefined,
  mostBytes: number = limits.uploadBytes,
): AsyncGenerator<Uint8Array> {
  if (body === undefined)
    throw new RefusalError(
      refuse('input-wrong', 'send the body that the API describes, such as rows as text/csv'),
    )
  let bytes = 0
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > mostBytes) {
        throw new RefusalError(
          refuse('request-too-large', `an upload has ${mostBytes} bytes at most`),
        )
      }
      yield chunk
    }
  } finally {
    body.resume()
  }
}
