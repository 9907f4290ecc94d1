// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { signatureSchemes, versions } from './code-points.ts'

/** What a client says first; every list in its order of preference. */
export interface ClientHello {
  /** Highest first. Without 1.3 the first one is said as before 1.3, by its number alone. */
  readonly versions: readonly number[]
  readonly suites: readonly number[]
  readonly groups: readonly number[]
  /** Public shares of 1.3, by group; none: the server names the group that it wants. RFC 8446 section 4.2.8. */
  readonly shares: readonly { readonly group: number; readonly key: Uint8Array }[]
  /** Undefined: the server is known by its address. */
  readonly serverName: string | undefined
  /** 32 bytes. */
  readonly random: Uint8Array
}

/** The handshake message, with its head of four bytes. RFC 8446 section 4.1.2. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  const [first = versions['TLS 1.2']] = hello.versions
  const isModern = first >= versions['TLS 1.3']
  const body = concatBytes([
    number(Math.min(first, versions['TLS 1.2']), 2),
    hello.random,
    // RFC 8446 appendix D.4: with a session id in it, boxes in between take it for what they know.
    vector(isModern ? hello.random.toReversed() : new Uint8Array(0), 1),
    vector(concatBytes(hello.suites.map((code) => number(code, 2))), 2),
    // Before 1.3 an answer with the other method would be a finding of its own.
    vector(Uint8Array.from(isModern ? [0] : [1, 0]), 1),
    // SSL 3.0 knows no extensions.
    ...(first === versions['SSL 3.0'] ? [] : [vector(extensionsOf(hello, isModern), 2)]),
  ])
  return concatBytes([Uint8Array.of(clientHello), vector(body, 3)])
}

/** The type of the message. */
const clientHello = 1

/** A record of the handshake, as the first ones of a connection are. RFC 8446 section 5.1. */
export function handshakeRecord(message: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(22, 3, 1), vector(message, 2)])
}

function extensionsOf(hello: ClientHello, isModern: boolean): Uint8Array {
  const { serverName, groups, shares } = hello
  const list = (codes: readonly number[], lengthOctets: 1 | 2) =>
    vector(concatBytes(codes.map((code) => number(code, 2))), lengthOctets)
  const name = new TextEncoder().encode(serverName ?? '')
  const all: (readonly [type: number, content: Uint8Array])[] = [
    ...(serverName === undefined
      ? []
      : [[0, vector(concatBytes([Uint8Array.of(0), vector(name, 2)]), 2)] as const]),
    [5, Uint8Array.of(1, 0, 0, 0, 0)], // status_request: OCSP, no responders named (RFC 6066 section 8)
    [10, list(groups, 2)],
    [11, Uint8Array.of(1, 0)], // ec_point_formats: uncompressed
    [13, list(signatureSchemes, 2)],
    [23, new Uint8Array(0)], // extended_master_secret
    [35, new Uint8Array(0)], // session_ticket
    [0xff01, Uint8Array.of(0)], // renegotiation_info
    ...(isModern
      ? ([
          [43, list(hello.versions, 1)],
          [45, Uint8Array.of(1, 1)], // psk_key_exchange_modes: with a share
          [51, vector(concatBytes(shares.map(shareOf)), 2)],
        ] as const)
      : []),
  ]
  return concatBytes(
    all.map(([type, content]) => concatBytes([number(type, 2), vector(content, 2)])),
  )
}

function shareOf({ group, key }: ClientHello['shares'][number]): Uint8Array {
  return concatBytes([number(group, 2), vector(key, 2)])
}

function vector(content: Uint8Array, lengthOctets: 1 | 2 | 3): Uint8Array {
  return concatBytes([number(content.length, lengthOctets), content])
}

function number(value: number, octets: 1 | 2 | 3): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, at) => value >> (8 * (octets - 1 - at)))
}
