// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import type { FrontLimits } from './limits.ts'
import { notedSource, plainAddress } from './peer.ts'

interface Connection {
  readonly socket: Socket
  /** Where a known proxy says that it really comes from. */
  readonly source: string | undefined
  /** Requests that came. */
  requests: number
  /** Those of them whose answer is not yet handed over. */
  underWay: number
}

/**
 * All connections of one front, from the first TCP packet on, so that those who never finish a
 * handshake count too. A connection is known by its addresses and ports, which the TCP socket and the
 * TLS socket on it share.
 */
export class Connections {
  readonly #open = new Map<string, Connection>()
  readonly #perNetwork = new Map<string, number>()
  /** The same by the socket that asked on it, so that its addresses are looked up once. */
  readonly #asking = new WeakMap<Socket, Connection>()
  readonly #limits: FrontLimits

  constructor(limits: FrontLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes a new connection in, or cuts it: then false. */
  admit(socket: Socket): boolean {
    const source = notedSource(socket)
    const network = networkOf(source ?? socket.remoteAddress ?? '')
    const already = this.#perNetwork.get(network) ?? 0
    const full =
      this.#open.size >= this.#limits.maxConnections ||
      already >= this.#limits.maxConnectionsPerAddress
    if (full) {
      socket.destroy()
      return false
    }
    const key = keyOf(socket)
    this.#open.set(key, { socket, source, requests: 0, underWay: 0 })
    this.#perNetwork.set(network, already + 1)
    socket.once('close', () => {
      this.#open.delete(key)
      const left = (this.#perNetwork.get(network) ?? 1) - 1
      if (left === 0) this.#perNetwork.delete(network)
      else this.#perNetwork.set(network, left)
    })
    return true
  }

  /** Says that a request came on this connection: how many came now, and what to call at its end. */
  begin(socket: Socket): { readonly ordinal: number; readonly end: () => void } {
    const connection = this.#asking.get(socket) ?? this.#open.get(keyOf(socket))
    if (connection === undefined) return { ordinal: 1, end: () => {} }
    this.#asking.set(socket, connection)
    connection.requests++
    connection.underWay++
    return { ordinal: connection.requests, end: () => connection.underWay-- }
  }

  /** Where it really comes from, if that was noted when it was opened. */
  sourceOf(socket: Socket): string | undefined {
    return this.#open.get(keyOf(socket))?.source
  }

  /** Whether an answer is under way on it. */
  isBusy(socket: Socket): boolean {
    return (this.#open.get(keyOf(socket))?.underWay ?? 0) > 0
  }

  /** Cuts those that were answered and rest, those that no answer is under way on, or all. */
  cut(which: 'resting' | 'idle' | 'all'): void {
    for (const { socket, requests, underWay } of this.#open.values()) {
      const isIdle = underWay === 0
      if (which === 'all' || (isIdle && (which === 'idle' || requests > 0))) socket.destroy()
    }
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`
}

/** What counts as one peer: an IPv4 address; of IPv6 the /64, which one host has for itself. */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('%')[0]!.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`
}
