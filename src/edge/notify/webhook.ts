// SPDX-License-Identifier: Apache-2.0
import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Delivery, NotificationTarget } from '#core/ledger/tables.ts'
import type { Sent } from '#core/watch/deliver.ts'
import { isLoopback } from '#core/watch/targets.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import { type MessageSigner, signedHeaders } from './sign-request.ts'

/** How long the other side may take, from the first packet to the last. */
const patienceMilliseconds = 15_000

export interface WebhookPorts {
  readonly signer: MessageSigner
  /** Roots to trust beside the machine's own, PEM; for tests and houses with a root of their own. */
  readonly roots?: readonly string[]
}

/**
 * POSTs one message, signed; 2xx means that it arrived.
 *
 * A redirect is not followed: an address is what an administrator wrote, and no server may send us on to
 * another. The answer's body is not read, and nothing of it is kept.
 */
export async function postWebhook(
  delivery: Delivery,
  target: NotificationTarget,
  signal: AbortSignal,
  ports: WebhookPorts,
): Promise<Sent> {
  const url = URL.parse(target.address)
  if (url === null) return failed('its address is no URL')
  const isSecure = url.protocol === 'https:'
  if (!isSecure && !isLoopback(url.hostname)) return failed('http is for this machine only')
  const body = new TextEncoder().encode(
    `${JSON.stringify({ id: delivery.id, ...document(delivery) })}\n`,
  )
  const headers = await signedHeaders({ url: url.href, delivery: delivery.id, body }, ports.signer)
  const { promise, resolve } = Promise.withResolvers<Sent>()
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
  request.on('response', (answer) => {
    const status = answer.statusCode ?? 0
    resolve(status >= 200 && status < 300 ? { kind: 'sent' } : failed(`it answered ${status}`))
    answer.destroy()
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    const isLate = ending.aborted && !signal.aborted
    const why = isLate ? `no answer in ${patienceMilliseconds / 1000} seconds` : wordOf(error)
    resolve(failed(why))
  })
  request.end(body)
  return promise
}

function document({ message }: Delivery): object {
  return typeof message === 'object' && message !== null ? message : {}
}

/** The code alone: a message may hold what the other side wrote. */
function wordOf({ code }: NodeJS.ErrnoException): string {
  return code === undefined ? 'the connection broke' : `the connection broke (${code})`
}

function failed(detail: string): Sent {
  return { kind: 'failed', detail }
}
