// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls'
import type { Credential } from '../credential.ts'
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

/** Asks one question over a connection of its own, to a server that proved who it is. */
export async function ask(
  { server, trust, limits }: Line,
  credential: Credential | undefined,
  question: Question | QuestionFor,
): Promise<Reply | Refused> {
  const secured = await secure(server, trust, credential, limits)
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
