// SPDX-License-Identifier: Apache-2.0
/** Where an authority looks whether a name is ours: RFC 8555 section 8.3. */

import { plainAnswer } from '#edge/http/answer.ts'
import type { HttpResponse, Route } from '#edge/http/message.ts'
import { isToken } from '#format/acme/messages.ts'

const prefix = '/.well-known/acme-challenge/'

/**
 * The route of challenges, on the status port.
 *
 * @param answerFor what proves the account that the token was given to; undefined: nobody waits for it
 */
export function challengeRoute(answerFor: (token: string) => Promise<string | undefined>): Route {
  return {
    ...{ method: 'GET', path: `${prefix}*`, operation: 'acme-challenge', maxBodyBytes: 0 },
    handler: async ({ path }): Promise<HttpResponse> => {
      const token = path.slice(prefix.length)
      const answer = isToken(token) ? await answerFor(token) : undefined
      if (answer === undefined) return plainAnswer(404, 'no challenge of this token is open')
      const headers = { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' }
      return { status: 200, headers, body: answer }
    },
  }
}
