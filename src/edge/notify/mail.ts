// SPDX-License-Identifier: Apache-2.0
import { createTransport } from 'nodemailer'
import type { Delivery, NotificationTarget } from '#core/ledger/tables.ts'
import type { Sent } from '#core/watch/deliver.ts'
import { isLoopback } from '#core/webhook-address.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import { mailOf } from './mail-text.ts'
import { SecretError } from './secret-file.ts'

const patienceMilliseconds = 20_000

export interface MailPorts {
  /** The password in a file of the secrets' directory. @throws SecretError if it cannot be had */
  readonly readSecret: (name: string) => string
  /** Roots to trust beside the machine's own, PEM. */
  readonly roots?: readonly string[]
  /** Which hosts are this machine, to which mail may go in plain; for tests. */
  readonly isLocal?: (host: string) => boolean
  /** How this installation calls itself in the subject. */
  readonly installation: string
}

/**
 * Mails one message. Anywhere but to this machine the connection is TLS, from the start or by STARTTLS,
 * or nothing is sent; its certificate is always checked.
 *
 * @see RFC 3207; RFC 8314 section 3
 */
export async function sendMail(
  delivery: Delivery,
  target: NotificationTarget,
  signal: AbortSignal,
  ports: MailPorts,
): Promise<Sent> {
  const { server = '', from = '', user, passwordFile } = target.settings
  const url = URL.parse(server)
  if (url === null) return failed('its server is no address')
  const isLocal = (ports.isLocal ?? isLoopback)(url.hostname)
  const secure = url.protocol === 'smtps:'
  try {
    const password = passwordFile === undefined ? undefined : ports.readSecret(passwordFile)
    const transport = createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (secure ? 465 : 587),
      ...{ secure, requireTLS: !secure && !isLocal, ignoreTLS: isLocal },
      tls: { ...callingOptions(), ...(ports.roots && { ca: [...ports.roots] }) },
      ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
      connectionTimeout: patienceMilliseconds,
      greetingTimeout: patienceMilliseconds,
      socketTimeout: patienceMilliseconds,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const stop = () => transport.close()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await transport.sendMail(mailOf(delivery, { from, to: target.address }, ports.installation))
    } finally {
      signal.removeEventListener('abort', stop)
      transport.close()
    }
    return { kind: 'sent' }
  } catch (error) {
    return failed(error instanceof SecretError ? error.message : wordOf(error))
  }
}

/** Code and reply number alone: the text is what the other side wrote. */
function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it broke'
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  const words = [code, responseCode].filter((one) => one !== undefined).join(' ')
  return words === '' ? 'the connection broke' : `the mail server refused it (${words})`
}

function failed(detail: string): Sent {
  return { kind: 'failed', detail }
}
