// SPDX-License-Identifier: Apache-2.0
import type { Delivery, NotificationTarget } from '#core/ledger/tables.ts'
import type { Sent } from '#core/watch/deliver.ts'
import { postSigned, type SigningPorts } from '../http/post-signed.ts'

export type WebhookPorts = SigningPorts

/** POSTs one message, signed; 2xx means that it arrived, and nothing else of the answer is looked at. */
export async function postWebhook(
  delivery: Delivery,
  { address }: NotificationTarget,
  signal: AbortSignal,
  ports: WebhookPorts,
): Promise<Sent> {
  const { id } = delivery
  const body = new TextEncoder().encode(`${JSON.stringify({ id, ...document(delivery) })}\n`)
  const posted = await postSigned({ address, id, body, mostAnswerBytes: 0 }, signal, ports)
  if (posted.kind === 'unanswered') return failed(posted.detail)
  const { status } = posted
  return status >= 200 && status < 300 ? { kind: 'sent' } : failed(`it answered ${status}`)
}

function document({ message }: Delivery): object {
  return typeof message === 'object' && message !== null ? message : {}
}

function failed(detail: string): Sent {
  return { kind: 'failed', detail }
}
