// SPDX-License-Identifier: Apache-2.0
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { TlsVersion } from '#trust/tls-settings.ts'
import type { Peer, ProbeLimits } from './wire.ts'

/** Whether a connection can go on with the session of an earlier one. */
export type Resumption =
  /** `tickets`: how many were sent, and how long the longest session is that we were left with. */
  | { readonly kind: 'resumed' | 'not-resumed'; readonly tickets: number }
  | { readonly kind: 'untold'; readonly words: string }

/** A server sends its tickets with the end of the handshake; one that sends none says nothing of it. */
const patienceMilliseconds = 1_000
/** After the first, the others are in the same packet or in the next. */
const othersMilliseconds = 50

/**
 * Makes one connection and tries to go on with its session in a second one.
 *
 * Node's own TLS does it, which checks nobody here: nothing is sent and nothing believed. A peer that insists
 * on a certificate ends it before it gives a session.
 */
export async function tryResumption(
  peer: Peer,
  version: TlsVersion,
  limits: ProbeLimits,
): Promise<Resumption> {
  const first = await visit(peer, version, limits)
  if (first.kind === 'failed') return { kind: 'untold', words: first.words }
  const [session] = first.sessions
  const tickets = first.sessions.length
  if (session === undefined) return { kind: 'not-resumed', tickets }
  const second = await visit(peer, version, limits, session)
  if (second.kind === 'failed') return { kind: 'untold', words: second.words }
  return { kind: second.isReused ? 'resumed' : 'not-resumed', tickets }
}

type Visit =
  | { readonly kind: 'came'; readonly isReused: boolean; readonly sessions: readonly Buffer[] }
  | { readonly kind: 'failed'; readonly words: string }

function visit(
  { host, port, serverName }: Peer,
  version: TlsVersion,
  limits: ProbeLimits,
  session?: Buffer,
): Promise<Visit> {
  const { promise, resolve } = Promise.withResolvers<Visit>()
  const options: ConnectionOptions = {
    ...{ host, port, minVersion: version, maxVersion: version, rejectUnauthorized: false },
    ...{ ca: [], ciphers: 'ALL:@SECLEVEL=0' },
    ...(serverName !== undefined && { servername: serverName }),
    ...(session !== undefined && { session }),
  }
  const socket: TLSSocket = connect(options)
  const sessions: Buffer[] = []
  let secured = false
  const fail = (words: string) => resolve({ kind: 'failed', words })
  let isReused = false
  const came = () => resolve({ kind: 'came', isReused, sessions })
  const cameWhole = () => {
    if (secured) came()
  }
  const timers = [setTimeout(() => fail('no answer in time'), limits.connectionMilliseconds)]
  socket.on('session', (one: Buffer) => {
    if (sessions.push(one) === 1) timers.push(setTimeout(cameWhole, othersMilliseconds))
  })
  socket.once('secureConnect', () => {
    secured = true
    isReused = socket.isSessionReused()
    if (session !== undefined) came()
    else timers.push(setTimeout(came, patienceMilliseconds))
  })
  socket.once('end', () => (secured ? came() : fail('it ended the handshake')))
  socket.once('error', (error: NodeJS.ErrnoException) => {
    const code = error.code ?? error.message
    if (/CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|BAD_CERTIFICATE/.test(code))
      fail('it insists on a client certificate')
    else if (secured) came()
    else fail(code)
  })
  socket.resume()
  return promise.finally(() => {
    for (const timer of timers) clearTimeout(timer)
    socket.destroy()
  })
}
