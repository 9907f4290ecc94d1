// SPDX-License-Identifier: Apache-2.0
/**
 * An application behind nginx that knows whose each of its connections is, and ends those of one device when
 * Vitalsign says so. nginx then closes the client's side of exactly these, without any reload.
 */
import { hash, X509Certificate } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import {
  createServer as createPlainServer,
  type Server as PlainServer,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { receiver, type Wish } from '../webhook-receiver/receiver.ts'

/** The connections of devices, by the SHA-256 of the certificate that was shown. */
export class Sessions {
  readonly #open = new Map<string, Set<Socket>>()
  /** Whose certificates are not let in, until they are admitted again. */
  readonly #barred = new Set<string>()

  /** Takes a connection in, or ends it at once: then false. */
  begin(certificate: string, socket: Socket): boolean {
    // A message may come between nginx's look at the certificate and ours.
    if (this.#barred.has(certificate)) {
      socket.destroy()
      return false
    }
    const all = this.#open.get(certificate) ?? new Set()
    this.#open.set(certificate, all.add(socket))
    socket.once('close', () => {
      all.delete(socket)
      if (all.size === 0) this.#open.delete(certificate)
    })
    return true
  }

  /** Does what a message says of one device. @returns how many connections ended */
  carryOut({ want, certificates }: Wish): number {
    let ended = 0
    for (const { sha256 } of certificates) {
      if (want === 'bar') this.#barred.add(sha256)
      else this.#barred.delete(sha256)
      if (want === 'admit') continue
      for (const socket of this.#open.get(sha256) ?? []) {
        socket.destroy()
        ended++
      }
    }
    return ended
  }
}

/** Server-sent events and WebSockets, by way of `http.conf`. Listens on loopback: nginx alone reaches it. */
export function httpServer(sessions: Sessions): Server {
  const server = createServer((request, response) => {
    if (!sessions.begin(shownToNginx(request), request.socket)) return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: welcome\n\n')
    const timer = setInterval(() => response.write('data: still here\n\n'), 100)
    response.once('close', () => clearInterval(timer))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy())
    if (!sessions.begin(shownToNginx(request), socket)) return
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = hash('sha1', key, 'base64') // RFC 6455 section 4.2.2
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.pipe(socket) // an echo stands for the frames
  })
  return server
}

/** What nginx proved: it overwrites this field, and nobody else reaches this server. */
function shownToNginx({ headers }: IncomingMessage): string {
  const pem = decodeURIComponent(String(headers['device-certificate']))
  return hash('sha256', new X509Certificate(pem).raw)
}

export interface TlsFiles {
  readonly key: string
  readonly cert: string
  /** Who signs the devices, up to the root, PEM. */
  readonly ca: string
}

/** Any protocol over TLS, by way of the first server of `stream.conf`. */
export function streamServer(files: TlsFiles, sessions: Sessions): TlsServer {
  const demand = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' as const }
  return createTlsServer({ ...files, ...demand }, (socket) => {
    socket.on('error', () => socket.destroy())
    const shown = socket.getPeerX509Certificate()
    if (shown === undefined || !sessions.begin(hash('sha256', shown.raw), socket)) return
    socket.pipe(socket)
  })
}

/** One socket for one device, by way of the second server of `stream.conf`; listens at the file of this name. */
export function deviceSocket(
  certificate: X509Certificate,
  sessions: Sessions,
): { readonly name: string; readonly server: PlainServer } {
  const sha256 = hash('sha256', certificate.raw)
  const server = createPlainServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (sessions.begin(sha256, socket)) socket.pipe(socket)
  })
  return { name: `${hash('sha1', certificate.raw)}.sock`, server }
}

/** What Vitalsign posts to: `vitalsign integration add NAME --kind webhook --address ADDRESS`. */
export function webhook(key: string, address: string, sessions: Sessions): RequestListener {
  return receiver({ key, address, carryOut: (wish) => sessions.carryOut(wish) })
}
