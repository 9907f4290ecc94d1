// SPDX-License-Identifier: Apache-2.0
/**
 * What the doors stand beside, in a process of its own: a TLS server that asks for a client certificate and
 * answers a few bytes, or a node:http server that answers the bytes it was given.
 *
 * It is told what to be by one message, and tells its port by one.
 */
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTlsServer } from 'node:tls'

export interface Bare {
  /** PEM; absent: plain HTTP. */
  readonly identity?: { readonly key: string; readonly chain: string }
  /** How many bytes an HTTP answer has. */
  readonly bytes: number
  /** With an identity: node:https that keeps its connections, in the place of handshakes alone. */
  readonly kept?: true
}

const tlsAnswer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

process.on('message', ({ identity, bytes, kept }: Bare) => {
  const server =
    identity === undefined
      ? httpServer(bytes)
      : kept
        ? httpsServer(identity, bytes)
        : tlsServer(identity)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.send?.(typeof address === 'object' ? address?.port : 0)
  })
})
process.on('disconnect', () => process.exit())

/** Nothing is read before the handshake is over, and nothing is parsed after it. */
function tlsServer({ key, chain }: { readonly key: string; readonly chain: string }) {
  const options = { key, cert: chain, requestCert: true, rejectUnauthorized: false, ca: [] }
  return createTlsServer(options, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(tlsAnswer))
  })
}

function httpServer(bytes: number) {
  return createHttpServer(answering(bytes))
}

function httpsServer(
  { key, chain }: { readonly key: string; readonly chain: string },
  bytes: number,
) {
  const options = { key, cert: chain, requestCert: true, rejectUnauthorized: false, ca: [] }
  return createHttpsServer(options, answering(bytes))
}

function answering(bytes: number): RequestListener {
  const body = Buffer.alloc(bytes, 1)
  return (request, response) => {
    request.resume()
    const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes }
    response.writeHead(200, headers).end(body)
  }
}
