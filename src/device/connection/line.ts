// SPDX-License-Identifier: Apache-2.0
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
  question: Question,
): Promise<Reply | Refused> {
  const secured = await secure(server, trust, credential, limits)
  if (secured.kind === 'refused') return secured
  return exchange(secured.socket, server, question, limits)
}
