// SPDX-License-Identifier: Apache-2.0

import { request as secureRequest } from 'node:https'
import { isLoopback } from '#core/webhook-address.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import { request as plainRequest } from './node-http.ts'
import { type MessageSigner, signedHeaders } from './sign-request.ts'

/** How long the other side may take, from the first packet to the last. */
const patienceMilliseconds = 15_000

export interface SigningPorts {
  readonly signer: MessageSigner
  /** Roots to trust in the place of the machine's own, PEM; for houses with a root of their own, and tests. */
  readonly roots?: readonly string[]
}

export interface SignedPost {
  readonly address: string
  /** What the receiver knows a repetition by. */
  readonly id: string
  readonly body: Uint8Array
  /** The answer's body is read up to so many bytes; 0: it is not looked at. */
  readonly mostAnswerBytes: number
}

export type Posted =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Uint8Array }
  /** `detail` holds nothing that the other side wrote. */
  | { readonly kind: 'unanswered'; readonly detail: string }

/**
 * POSTs JSON, signed.
 *
 * A redirect is not followed: an address is what an administrator wrote, and no server may send us on to
 * another. MUST NOT throw for what the other side does.
 */
export async function postSigned(
  { address, id, body, mostAnswerBytes }: SignedPost,
  signal: AbortSignal,
  ports: SigningPorts,
): Promise<Posted> {
  const url = URL.parse(address)
  if (url === null) return unanswered('its address is no URL')
  const isSecure = url.protocol === 'https:'
  if (!isSecure && !isLoopback(url.hostname)) return unanswered('http is for this machine only')
  const headers = await signedHeaders({ url: url.href, delivery: id, body }, ports.signer)
  const { promise, resolve } = Promise.withResolvers<Posted>()
  const ending = AbortSignal.any([signal, AbortSignal.timeout(patienceMilliseconds)])
  const options = {
    ...{ method: 'POST', agent: false, signal: ending, maxHeaderSize: 16_384 },
    headers: { ...headers, 'content-length': body.length, connection: 'close' },
  }
  const request = isSecure
    ? secureRequest(url, {
        ...options,
        ...callingOptions(),
        ...(ports.roots && { ca: [...ports.roots] }),
      })
    : plainRequest(url, options)
  const fail = (error: NodeJS.ErrnoException) => {
    const isLate = ending.aborted && !signal.aborted
    resolve(
      unanswered(isLate ? `no answer in ${patienceMilliseconds / 1000} seconds` : wordOf(error)),
    )
  }
  request.on('response', (answer) => {
    const status = answer.statusCode ?? 0
    if (mostAnswerBytes === 0) {
      resolve({ kind: 'answered', status, body: new Uint8Array() })
      answer.destroy()
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= mostAnswerBytes) return
      resolve(unanswered(`its answer is longer than ${mostAnswerBytes} bytes`))
      answer.destroy()
    })
    answer.on('end', () =>
      resolve({ kind: 'answered', status, body: new Uint8Array(Buffer.concat(chunks)) }),
    )
    answer.on('error', fail)
  })
  request.on('error', fail)
  request.end(body)
  return promise
}

/** The code alone: a message may hold what the other side wrote. */
function wordOf({ code }: NodeJS.ErrnoException): string {
  return code === undefined ? 'the connection broke' : `the connection broke (${code})`
}

function unanswered(detail: string): Posted {
  return { kind: 'unanswered', detail }
}
