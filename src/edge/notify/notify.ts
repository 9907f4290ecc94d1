// SPDX-License-Identifier: Apache-2.0
import type { DeliveryPorts } from '#core/watch/deliver.ts'
import type { MailPorts } from './mail.ts'
import { postWebhook, type WebhookPorts } from './webhook.ts'

/** Sends a message by whatever its target speaks. */
export function messenger(ports: WebhookPorts & MailPorts): DeliveryPorts['send'] {
  return async (delivery, target, signal) => {
    if (target.kind === 'webhook') return postWebhook(delivery, target, signal, ports)
    // Loaded when there is mail to send: most installations begin without.
    const { sendMail } = await import('./mail.ts')
    return sendMail(delivery, target, signal, ports)
  }
}
