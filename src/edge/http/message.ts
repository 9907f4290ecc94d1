// SPDX-License-Identifier: Apache-2.0
/** What a conversation sees of HTTP: plain values, and no server's own objects. */
import type { AnswerAbout } from './seen.ts'

/** Who is at the other end of the connection, as far as the transport itself can tell. */
export interface HttpPeer {
  /** The address of the socket, or what a known proxy says; a stranger's word is never believed. */
  readonly address: string
  /**
   * DER, leaf first, as the peer sent them; empty without a client certificate.
   *
   * TLS proved possession of the leaf's key in this very connection, or in that to `proxy`; nothing
   * else is checked.
   */
  readonly certificates: readonly Uint8Array[]
  /** The tls-exporter value of the connection (RFC 9266), 32 bytes; undefined: it has none. */
  readonly channelBinding?: Uint8Array | undefined
  /** How the connection itself is protected: `TLSv1.2` or later, and OpenSSL's name of the suite; undefined: not. */
  readonly tls?: { readonly protocol: string; readonly cipher: string } | undefined
  /** The known proxy that the device's TLS ended at. */
  readonly proxy?: { readonly id: string; readonly name: string }
}

/** A request whose body has been read whole, within its route's limit. */
export interface HttpRequest {
  readonly method: string
  /** Percent-encoded as sent, without the query; begins with `/`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names; repeated fields joined as RFC 9110 section 5.3 says. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  readonly peer: HttpPeer
  /** Made by the front, also sent back as `X-Request-Id`. */
  readonly requestId: string
}

/** The front adds Content-Length (unless the body is a stream), Date and X-Request-Id. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>
  /** The body's bytes are secret: the front overwrites them once they have left. */
  readonly wipe?: true
  /** For log and metrics. */
  readonly about?: AnswerAbout
}

export type Handler = (request: HttpRequest) => Promise<HttpResponse>

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Exact; or ending in `/*`, which stands for everything below it. */
  readonly path: string
  /** What log and metrics call it, unless its answer says better; absent: its path. */
  readonly operation?: string
  /** A longer body is answered 413 and not read. */
  readonly maxBodyBytes: number
  readonly handler: Handler
}
