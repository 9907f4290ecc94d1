// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls'
import type { Credential } from '../credential.ts'
import { isInTpm } from '../keys/device-keys.ts'
import type { NetworkLimits } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { exchange, type Question, type Reply } from './exchange.ts'
import type { Server } from './server.ts'
import { secure, type Trust } from './tls.ts'

/** A server, whom to believe when it speaks, and what that may cost. */
export interface Line {
  readonly server: Server
  readonly trust: Trust
  readonly limits: NetworkLimits
}

/**
 * Whether a credential's key can prove itself in TLS: one in a TPM cannot.
 *
 * Node hands TLS no key but the text of one, which OpenSSL understands only with a provider that then takes on every
 * signature and hash of the process (docs/decisions/0012-no-tls-with-a-tpm-key.md).
 */
export function canShow({ keyPem }: Credential): boolean {
  return !isInTpm(keyPem)
}

/** Why the server cannot be asked about a credential that cannot be shown. */
export const cannotShow = 'the key is in a TPM, and this program cannot use it in TLS'

/**
 * Asks one question over a connection of its own, to a server that proved who it is.
 *
 * @param credential left out where it cannot be shown
 */
export async function ask(
  line: Line,
  credential: Credential | undefined,
  question: Question | QuestionFor,
): Promise<Reply | Refused> {
  const { server, trust, limits } = line
  const shown = credential !== undefined && canShow(credential) ? credential : undefined
  const secured = await secure(server, trust, shown, limits)
  if (secured.kind === 'refused') return secured
  const { socket } = secured
  const asked = typeof question === 'function' ? await question(exporterOf(socket)) : question
  return exchange(socket, server, asked, limits)
}

/** A question that names the connection it is asked over, by its tls-exporter value. */
export type QuestionFor = (exporter: Uint8Array | undefined) => Promise<Question>

/** RFC 9266 section 4.2; before TLS 1.3 nothing tells whether it would be unique. */
function exporterOf(socket: TLSSocket): Uint8Array | undefined {
  if (socket.destroyed || socket.getProtocol() !== 'TLSv1.3') return undefined
  return new Uint8Array(
    socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  )
}
