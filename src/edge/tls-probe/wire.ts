// SPDX-License-Identifier: Apache-2.0
/** One connection to a peer that may be anything: bounded in bytes and in time, and ended by us. */
import { connect } from 'node:net'
import { concatBytes } from '#format/bytes.ts'

export interface Peer {
  readonly host: string
  readonly port: number
  /** As it is asked for in the handshake; undefined: by its address. */
  readonly serverName: string | undefined
}

/** What one look may cost; every number with where it comes from. */
export interface ProbeLimits {
  /** For one connection, from its first packet on; a firmware TPM was seen to sign for seconds. */
  readonly connectionMilliseconds: number
  /** For all of them. */
  readonly allMilliseconds: number
  readonly mostConnections: number
  /** That one connection may send: a chain of ML-DSA-87 with a staple has 40 kB. */
  readonly mostBytes: number
}

export const probeLimits: ProbeLimits = {
  connectionMilliseconds: 10_000,
  allMilliseconds: 120_000,
  mostConnections: 80,
  mostBytes: 262_144,
}

/** How a connection ended before what was awaited had come. */
export type Ending = 'refused' | 'unreachable' | 'closed' | 'silent' | 'too-much'

export type Heard<T> =
  | { readonly kind: 'told'; readonly told: T }
  | { readonly kind: Ending; readonly bytes: Uint8Array; readonly words: string }

/**
 * Sends bytes and reads until `read` has enough: it is asked after each piece, with all that came so far.
 *
 * @throws what `read` throws
 */
export function converse<T>(
  { host, port }: Peer,
  bytes: Uint8Array,
  read: (all: Uint8Array) => T | undefined,
  limits: ProbeLimits,
): Promise<Heard<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard<T>>()
  let got: Uint8Array = new Uint8Array(0)
  let isOpen = false
  const socket = connect({ host, port })
  const end = (kind: Ending, words: string) => resolve({ kind, bytes: got, words })
  const timer = setTimeout(
    () => end('silent', `no whole answer in ${limits.connectionMilliseconds} ms`),
    limits.connectionMilliseconds,
  )
  socket.once('connect', () => {
    isOpen = true
    socket.write(bytes)
  })
  socket.on('data', (piece: Uint8Array) => {
    got = concatBytes([got, piece])
    try {
      const told = read(got)
      if (told !== undefined) resolve({ kind: 'told', told })
      else if (got.length > limits.mostBytes)
        end('too-much', `more than ${limits.mostBytes} bytes and no end`)
    } catch (error) {
      reject(error)
    }
  })
  socket.once('close', () => end('closed', 'it ended the connection'))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const code = error.code ?? error.message
    if (isOpen) end('closed', `it cut the connection (${code})`)
    else end(code === 'ECONNREFUSED' ? 'refused' : 'unreachable', `cannot be reached: ${code}`)
  })
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}
