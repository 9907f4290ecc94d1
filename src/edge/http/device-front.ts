// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { encodePem } from '#format/pem.ts'
import { type ListenerName, listeningOptions } from '#trust/tls-settings.ts'
import { type Front, type FrontOptions, openFront, serverOptions } from './front.ts'

/** What the server proves itself with. */
export interface TlsIdentity {
  /** PKCS #8, PEM, unencrypted: node takes a TLS key in no other form. Lives in memory only. */
  readonly key: string
  /** DER, leaf first, then what stands between it and the root; the root itself is not sent. */
  readonly chain: readonly Uint8Array[]
  /** For clients that offer no signature of the first one's kind: one whose key withstands quantum computers. */
  readonly beside?: TlsIdentity | undefined
}

export interface DeviceFrontOptions extends FrontOptions {
  readonly identity: TlsIdentity
  /** The row of the table of TLS settings; absent: that of the devices' own port. */
  readonly settings?: ListenerName
}

export interface DeviceFront extends Front {
  /**
   * From now on new connections see this identity; those that stand are left in peace.
   *
   * @throws Error if key and chain do not belong together; then the former stays
   */
  swapIdentity(identity: TlsIdentity): void
}

/**
 * Opens a door for devices: TLS by the table of settings, a client certificate asked for and never demanded.
 *
 * No connection resumes another: each one proves its key anew, and a revoked device gains nothing
 * from an old session.
 *
 * @throws Fault `port-taken` if the address cannot be had
 */
export async function openDeviceFront(options: DeviceFrontOptions): Promise<DeviceFront> {
  const { settings = 'devices' } = options
  const server = createServer({
    ...serverOptions(options.limits),
    ...contextOptions(options.identity, settings),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: options.limits.handshakeMilliseconds,
    ALPNProtocols: ['http/1.1', 'http/1.0'],
  })
  const front = await openFront(server, options)
  return {
    ...front,
    swapIdentity: (next) => server.setSecureContext(contextOptions(next, settings)),
  }
}

function contextOptions(identity: TlsIdentity, settings: ListenerName): SecureContextOptions {
  const { beside } = identity
  const all = beside === undefined ? [identity] : [identity, beside]
  return {
    key: all.map(({ key }) => key),
    cert: all.map(({ chain }) => chain.map(pemCertificate).join('')),
    // None is named (absent, node would name every root of the web): a device with a birth certificate of
    // another maker would else keep it to itself. It also spares OpenSSL's own look at the chain, which
    // decides nothing: measured 0.6 ms instead of 1.1 ms a handshake with a P-384 root.
    ca: [],
    ...listeningOptions(settings),
  }
}

function pemCertificate(der: Uint8Array): string {
  return encodePem('CERTIFICATE', der)
}
