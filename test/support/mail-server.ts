// SPDX-License-Identifier: Apache-2.0
/** A mail server of a few commands (RFC 5321), with STARTTLS (RFC 3207) and AUTH PLAIN, for tests. */
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { encodePem } from '#format/pem.ts'
import type { TestIdentity } from '../tls-certificates.ts'

export interface MailServer {
  readonly port: number
  /** What was said and sent, in order; `*` stands before what came over TLS. */
  readonly heard: readonly string[]
  close(): void
}

/** Without an identity it knows no TLS. */
export async function openMailServer(identity?: TestIdentity): Promise<MailServer> {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    converse(socket, heard, identity)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function converse(socket: Socket | TLSSocket, heard: string[], identity?: TestIdentity): void {
  const isSecure = socket instanceof TLSSocket
  let [rest, isData] = ['', false]
  socket.on('error', () => {})
  const say = (line: string) => void socket.write(`${line}\r\n`)
  if (!isSecure) say('220 test ESMTP')
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString()
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      heard.push(`${isSecure ? '*' : ''}${line}`)
      if (isData) {
        if (line !== '.') continue
        isData = false
        say('250 taken')
      } else if (line.startsWith('EHLO')) {
        const more = isSecure ? ['AUTH PLAIN'] : identity === undefined ? [] : ['STARTTLS']
        for (const word of ['test', ...more]) say(`250-${word}`)
        say('250 8BITMIME')
      } else if (line === 'STARTTLS' && identity !== undefined) {
        say('220 go on')
        socket.removeAllListeners('data')
        return converse(secured(socket, identity), heard)
      } else if (line.startsWith('AUTH')) say('235 welcome')
      else if (line === 'DATA') {
        isData = true
        say('354 go on')
      } else if (line === 'QUIT') socket.end('221 bye\r\n')
      else if (line.startsWith('RCPT TO:<nobody')) say('550 no such mailbox, secret hint')
      else say('250 fine')
    }
  })
}

function secured(socket: Socket, { key, chain }: TestIdentity): TLSSocket {
  const cert = chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  return new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext({ key, cert }),
  })
}
