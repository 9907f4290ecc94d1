// SPDX-License-Identifier: Apache-2.0
/** What a request's fields claim about who stands behind a proxy, and when that is believed. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Refused } from '#core/refusal.ts'
import { FormatError } from '#format/format-error.ts'
import { parseClientCertificate } from '#format/proxy/client-cert.ts'
import { lastForwardedFor } from '#format/proxy/forwarded.ts'
import { refuse } from '#trust/refusal.ts'
import type { HttpPeer } from './message.ts'

/** A proxy that ends TLS and is known by the certificate of its own connection. */
export interface KnownProxy {
  readonly kind: 'proxy'
  readonly id: string
  readonly name: string
}

/** The proxies that are known. */
export interface Proxies {
  /** Which of them has this certificate; the connection proved its key. */
  find(certificates: readonly Uint8Array[]): Promise<KnownProxy | Refused>
  /** Hears of a claim that was refused, and from where it came. */
  noteRefused(no: Refused, source: string): Promise<void>
}

/** Whether somebody speaks as a proxy; Forwarded alone may come from anybody, and is then passed over. */
export type Claim = 'none' | 'source' | 'certificate'

export function claimOf(headers: IncomingHttpHeaders, { certificates }: HttpPeer): Claim {
  const { forwarded } = headers
  if ('client-cert' in headers || 'client-cert-chain' in headers) return 'certificate'
  const isForwarded = forwarded !== undefined || 'x-forwarded-for' in headers
  return isForwarded && certificates.length > 0 ? 'source' : 'none'
}

/**
 * Who is really asking: for a known proxy the device that it speaks for, for all others the peer.
 *
 * A certificate that a stranger claims is refused, never passed over: else a false device would learn
 * only by luck that it was not believed. RFC 9440 section 4 asks proxies to remove such fields.
 */
export async function behindProxy(
  headers: IncomingHttpHeaders,
  peer: HttpPeer,
  { find }: Proxies,
): Promise<{ readonly kind: 'peer'; readonly peer: HttpPeer } | Refused> {
  const proxy = await find(peer.certificates)
  if (proxy.kind === 'refused') {
    return claimOf(headers, peer) === 'certificate' ? proxy : { kind: 'peer', peer }
  }
  try {
    const certificates = parseClientCertificate(
      text(headers['client-cert']),
      text(headers['client-cert-chain']),
    )
    const address = lastForwardedFor(headers.forwarded, text(headers['x-forwarded-for']))
    const { id, name } = proxy
    return {
      kind: 'peer',
      peer: { address: address ?? peer.address, certificates, proxy: { id, name } },
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', `a field of proxy ${proxy.name}: ${error.message}`)
  }
}

function text(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(', ') : field
}
