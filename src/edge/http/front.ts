// SPDX-License-Identifier: Apache-2.0
import type { RequestListener, Server, ServerOptions } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo, Server as PlainServer, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import type { Proxies } from './claims.ts'
import { Connections } from './connections.ts'
import { type FrontTrouble, makeConversation } from './converse.ts'
import { type FrontCounts, handshakeFailureOf, zeroCounts } from './counts.ts'
import type { FrontLimits } from './limits.ts'
import type { Route } from './message.ts'
import { noteSource } from './peer.ts'
import { type ProxiedOptions, proxiedServer } from './proxied.ts'
import { makeRouter } from './router.ts'
import type { Witness } from './seen.ts'

export interface ListenAddress {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export interface FrontOptions {
  readonly listen: ListenAddress
  readonly routes: readonly Route[]
  readonly limits: FrontLimits
  readonly random: Randomness
  /** Hears of each break while answering; MUST NOT throw. */
  readonly report: (trouble: FrontTrouble) => void
  /** Sees every request that this front answers by itself. */
  readonly witness?: Witness | undefined
  /** Is handed everything under `/api/v1` raw; `peerOf(request.socket)` tells it who asks. */
  readonly adminHandler?: RequestListener
  /** Who may say for whom it asks; absent: what a field claims of that is passed over. */
  readonly proxies?: Proxies
  /** A second port, for proxies that pass TLS through; only on a TLS server. */
  readonly proxied?: ProxiedOptions | undefined
}

export interface Front {
  /** Where it really listens. */
  readonly address: ListenAddress
  /** Where it listens for proxies that pass TLS through, if it does. */
  readonly proxiedAddress: ListenAddress | undefined
  counts(): Readonly<FrontCounts>
  /** Takes nothing new, lets answers under way finish for a while, then cuts what is left. */
  close(): Promise<void>
}

/** The parts of the limits that node's server keeps by itself. */
export function serverOptions(limits: FrontLimits): ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headerMilliseconds,
    requestTimeout: limits.requestMilliseconds,
    keepAliveTimeout: limits.keepAliveMilliseconds,
    connectionsCheckingInterval: limits.checkMilliseconds,
    // A second Authorization or Host is not silently dropped: joined, it fits no grammar.
    joinDuplicateHeaders: true,
    noDelay: true,
  }
}

/**
 * Opens a front on a server that has been made but does not listen yet.
 *
 * @throws Fault `port-taken` if the address cannot be had
 */
export async function openFront(
  server: Server | SecureServer,
  options: FrontOptions,
): Promise<Front> {
  const { limits } = options
  const counts = zeroCounts()
  const connections = new Connections(limits)
  let closing = false
  const conversation = makeConversation({
    router: makeRouter(options.routes),
    limits,
    random: options.random,
    counts,
    report: options.report,
    witness: options.witness,
    adminHandler: options.adminHandler,
    proxies: options.proxies,
  })
  const listener: RequestListener = (request, response) => {
    const { ordinal, end } = connections.begin(request.socket)
    response.once('close', end)
    // Sent in one go behind the last one that counts: the connection closes under it.
    if (ordinal > limits.maxRequestsPerConnection) return
    conversation(request, response, () => closing || ordinal === limits.maxRequestsPerConnection)
  }

  server.timeout = limits.idleMilliseconds
  server.prependListener('connection', (socket: Socket) => {
    counts.connections++
    if (!connections.admit(socket)) counts.connectionsRefused++
  })
  server.on('request', listener)
  server.on('checkContinue', listener)
  // Asking a TLS socket itself for its state here crashes node 26.10 if the handshake was cut.
  const secured = new WeakSet<object>()
  server.on('secureConnection', (socket) => {
    counts.handshakes++
    counts.handshakesBy[socket.getProtocol() === 'TLSv1.2' ? 'TLSv1.2' : 'TLSv1.3']++
    const source = connections.sourceOf(socket)
    if (source !== undefined) noteSource(socket, source)
    secured.add(socket)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket instanceof TLSSocket && !secured.has(socket)) {
      counts.handshakesFailed++
      counts.handshakesFailedBy[handshakeFailureOf(error.code)]++
      socket.destroy()
    } else refuseBytes(error, socket as Socket, connections, counts)
  })
  await listening(server, options.listen)
  const proxied = await openProxied(server, options, counts)
  return {
    address: addressOf(server),
    proxiedAddress: proxied && addressOf(proxied),
    counts: () => ({
      ...counts,
      handshakesBy: { ...counts.handshakesBy },
      handshakesFailedBy: { ...counts.handshakesFailedBy },
    }),
    close: async () => {
      if (closing) return
      closing = true
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      const others = Promise.withResolvers<void>()
      if (proxied === undefined) others.resolve()
      else proxied.close(() => others.resolve())
      connections.cut('resting')
      const timers = [
        // Who has just come through the door is about to ask: it is answered, not cut.
        setTimeout(() => connections.cut('idle'), limits.graceMilliseconds),
        setTimeout(() => connections.cut('all'), limits.drainMilliseconds),
      ]
      await Promise.all([promise, others.promise])
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** Status line for what node's parser gives up on; RFC 6585 section 5 for 431. */
const parserAnswers: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
}

/** Bytes that never became a request: one short answer where that can do no harm, else silence. */
function refuseBytes(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connections: Connections,
  counts: FrontCounts,
): void {
  const code = error.code ?? ''
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') counts.requestsTooSlow++
  else if (code.startsWith('HPE_')) counts.requestsMalformed++
  // With an answer under way, ours would land in the middle of it.
  const mayAnswer = socket.writable && !connections.isBusy(socket)
  if (!mayAnswer || !(code.startsWith('HPE_') || code in parserAnswers)) {
    socket.destroy()
    return
  }
  const status = parserAnswers[code] ?? '400 Bad Request'
  socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  socket.destroySoon()
}

/** @throws Fault `port-taken` if its address cannot be had; then the other is given up too */
async function openProxied(
  server: Server | SecureServer,
  { proxied: options, limits }: FrontOptions,
  counts: FrontCounts,
): Promise<PlainServer | undefined> {
  if (options === undefined) return undefined
  const proxied = proxiedServer(server, options, limits, counts)
  try {
    await listening(proxied, options.listen)
    return proxied
  } catch (error) {
    server.close()
    throw error
  }
}

async function listening(
  server: Server | SecureServer | PlainServer,
  { host, port }: ListenAddress,
) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onError = (cause: Error) =>
    reject(
      new Fault('port-taken', `cannot listen on ${host} port ${port}: ${cause.message}`, { cause }),
    )
  server.once('error', onError)
  server.listen({ host, port, backlog: 1024 }, () => {
    server.off('error', onError)
    // Later errors are of accept(), e.g. no file descriptors left: the connection is lost, not we.
    server.on('error', () => {})
    resolve()
  })
  await promise
}

function addressOf(server: Server | SecureServer | PlainServer): ListenAddress {
  const { address, port } = server.address() as AddressInfo
  return { host: address, port }
}
