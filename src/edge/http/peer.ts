// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { HttpPeer } from './message.ts'

/** Longer chains are cut here; RFC 5280 paths of a device PKI have two or three certificates. */
const maxChainLength = 10

const known = new WeakMap<Socket, HttpPeer>()

/**
 * Who is at the other end of a connection; worked out once for each.
 *
 * The certificates are those that the peer sent, in its order, unchecked but for possession of the
 * first one's key. The front asks first, while the connection stands; of one that was cut before it
 * was ever asked, nothing is known.
 */
export function peerOf(socket: Socket): HttpPeer {
  const before = known.get(socket)
  if (before !== undefined) return before
  const stands = socket instanceof TLSSocket && !socket.destroyed
  const peer = {
    address: plainAddress(sources.get(socket) ?? socket.remoteAddress ?? ''),
    certificates: stands ? chainOf(socket) : [],
    ...(stands && { channelBinding: exporterOf(socket), tls: tlsOf(socket) }),
  }
  known.set(socket, peer)
  return peer
}

const sources = new WeakMap<Socket, string>()

/** Notes where a connection really comes from, as a known proxy said when it opened it. */
export function noteSource(socket: Socket, address: string): void {
  sources.set(socket, address)
}

/** What was noted; undefined: it comes from where its packets come from. */
export function notedSource(socket: Socket): string | undefined {
  return sources.get(socket)
}

/**
 * The tls-exporter value. Before TLS 1.3 it is unique only with the extended master secret, which node
 * does not tell of, so that there is none.
 *
 * @see RFC 9266 sections 2, 3 and 4.2: 32 bytes, no context
 */
function exporterOf(socket: TLSSocket): Uint8Array | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined
  return new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', empty))
}

const empty = Buffer.alloc(0)

function tlsOf(socket: TLSSocket): HttpPeer['tls'] {
  return { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name }
}

/** An IPv4 address that came through an IPv6 socket is written as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate()
  while (certificate !== undefined && chain.length < maxChainLength) {
    chain.push(new Uint8Array(certificate.raw))
    certificate = certificate.issuerCertificate
  }
  return chain
}
