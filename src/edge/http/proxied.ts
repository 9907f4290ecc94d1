// SPDX-License-Identifier: Apache-2.0
/** The listener for proxies that pass TLS through: each connection begins with a PROXY header. */
import type { Server as HttpServer } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { BlockList, createServer, isIP, type Server, type Socket } from 'node:net'
import { FormatError } from '#format/format-error.ts'
import { parseProxyHeader, proxyHeaderLength } from '#format/proxy/proxy-header.ts'
import type { FrontCounts } from './counts.ts'
import type { ListenAddress } from './front.ts'
import type { FrontLimits } from './limits.ts'
import { noteSource, plainAddress } from './peer.ts'

export interface ProxiedOptions {
  readonly listen: ListenAddress
  /** Addresses and CIDR ranges of the proxies; nobody else is listened to. */
  readonly from: readonly string[]
  /** Hears of each connection that was closed for what it is; MUST NOT throw. */
  readonly refused: (address: string, why: string) => void
}

/**
 * Makes a server that takes a PROXY header off each connection and hands the rest to the TLS server.
 *
 * The device's TLS ends here, so its key is proved to us; of the header only the source is believed,
 * and only from the addresses that the configuration names. Without a header a connection is closed:
 * who may come past the proxy comes by the other port, and there a header is no TLS and ends the
 * handshake.
 */
export function proxiedServer(
  secure: HttpServer | SecureServer,
  { from, refused }: ProxiedOptions,
  limits: FrontLimits,
  counts: FrontCounts,
): Server {
  const known = rangesOf(from)
  const server = createServer((socket) => {
    const address = plainAddress(socket.remoteAddress ?? '')
    const close = (why: string) => {
      counts.proxiesRefused++
      socket.destroy()
      refused(address, why)
    }
    socket.on('error', () => socket.destroy())
    if (known.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) {
      readHeader(socket, limits, close, (source) => {
        if (source !== undefined) noteSource(socket, source)
        secure.emit('connection', socket)
      })
    } else close('its address is no known proxy')
  })
  server.maxConnections = limits.maxConnections
  return server
}

/** Reads the header and not a byte of what follows: that is the TLS server's. */
function readHeader(
  socket: Socket,
  limits: FrontLimits,
  close: (why: string) => void,
  done: (source: string | undefined) => void,
): void {
  const timer = setTimeout(
    () => end('no whole PROXY header in time'),
    limits.proxyHeaderMilliseconds,
  )
  let got: Uint8Array = new Uint8Array(0)
  const end = (why?: string) => {
    clearTimeout(timer)
    socket.off('readable', read).off('close', gone)
    if (why !== undefined) close(why)
  }
  const gone = () => end('the connection was cut before its PROXY header was whole')
  const read = () => {
    try {
      for (;;) {
        const wanted = (proxyHeaderLength(got) ?? 16) - got.length
        if (wanted === 0) break
        const chunk: Uint8Array | null = socket.read(Math.min(wanted, socket.readableLength))
        if (chunk === null || chunk.length === 0) return
        got = Uint8Array.of(...got, ...chunk)
      }
      const header = parseProxyHeader(got)
      end()
      done(header.kind === 'source' ? header.address : undefined)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      end(`its PROXY header is wrong: ${error.message}`)
    }
  }
  socket.on('readable', read).on('close', gone)
}

/** @throws Error if a range is none: configuration has read them before */
function rangesOf(from: readonly string[]): BlockList {
  const ranges = new BlockList()
  for (const one of from) {
    const [network = '', prefix] = one.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) ranges.addAddress(network, family)
    else ranges.addSubnet(network, Number(prefix), family)
  }
  return ranges
}
