// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import { FormatError } from '#format/format-error.ts'
import { encodePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { findKeyAlgorithm } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import type { Credential } from '../credential.ts'
import { DeviceFault, reasonOf } from '../fault.ts'
import { validateFrom } from '../path.ts'
import type { NetworkLimits } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { isAboutOurCertificate } from './alert.ts'
import type { Server } from './server.ts'

/** Whom to believe, and since when at least. */
export interface Trust {
  readonly roots: readonly Certificate[]
  /** A moment that is surely over: the machine's clock, or what signed material proves if that is later. */
  readonly now: Temporal.Instant
}

/** A connection to a server that proved who it is; nothing was sent over it yet. */
export interface Secured {
  readonly kind: 'secured'
  readonly socket: TLSSocket
}

/**
 * Connects, and shows `credential` if the server asks for one.
 *
 * The library is told not to judge by itself, because it knows no time but the machine's and a device
 * may have no clock; we judge between its handshake, which proves the server's key, and the first byte
 * of ours. OpenSSL's own verdict still has to be "good", or to complain of nothing but time.
 */
export async function secure(
  server: Server,
  trust: Trust,
  credential: Credential | undefined,
  limits: NetworkLimits,
): Promise<Secured | Refused> {
  const how = {
    ca: trust.roots.map(({ der }) => encodePem('CERTIFICATE', der)),
    ...(credential !== undefined && { key: credential.keyPem, cert: credential.chainPem }),
  }
  try {
    const socket = await shakeHandsFor(trust.roots, server, limits, how)
    const no = judge(socket, server, trust)
    if (no === undefined) return { kind: 'secured', socket }
    socket.destroy()
    return no
  } catch (error) {
    if (!(error instanceof DeviceFault && isAboutOurCertificate(error.cause))) throw error
    return refuse('handshake-refused', error.message)
  }
}

/**
 * Connects to a server that nobody vouches for.
 *
 * What comes over this connection is a stranger's word: it serves only to fetch public bytes that are
 * then compared with a digest that the user gave. No secret may ever be sent over it.
 */
export async function dangerouslyConnectUnchecked(
  server: Server,
  limits: NetworkLimits,
): Promise<TLSSocket> {
  return shakeHands(server, limits, { ca: [] })
}

/** A server with a twin shows its other chain to those who offer nothing else. */
const postQuantumAlone = 'mldsa65:mldsa87:mldsa44'

/**
 * Asks for the chain that roots which withstand quantum computers vouch for; a server that has but one
 * chain, under whatever keys, is asked again for that.
 */
async function shakeHandsFor(
  roots: readonly Certificate[],
  server: Server,
  limits: NetworkLimits,
  how: Handshake,
): Promise<TLSSocket> {
  if (!roots.every(({ publicKey }) => findKeyAlgorithm(publicKey.algorithm)?.postQuantum)) {
    return shakeHands(server, limits, how)
  }
  try {
    return await shakeHands(server, limits, { ...how, sigalgs: postQuantumAlone })
  } catch (error) {
    if (!(error instanceof DeviceFault) || !isHandshakeFailure(error.cause)) throw error
    return shakeHands(server, limits, how)
  }
}

/** RFC 8446 section 4.4.3: the server has no key for any of the signatures that were offered. */
function isHandshakeFailure(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /ALERT_HANDSHAKE_FAILURE$/.test(error.code)
  )
}

interface Handshake {
  readonly ca: string | string[]
  readonly key?: string
  readonly cert?: string
  readonly sigalgs?: string
}

function shakeHands(server: Server, limits: NetworkLimits, how: Handshake): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.host,
      port: server.port,
      ...(!server.isAddress && { servername: server.host }),
      ALPNProtocols: ['http/1.1'],
      ...callingOptions(),
      rejectUnauthorized: false,
      ...how,
    })
    const fail = (cause: Error) => {
      clearTimeout(alarm)
      socket.destroy()
      reject(unreachable(server, cause))
    }
    const alarm = setTimeout(
      () => fail(new Error(`no answer within ${limits.connectMilliseconds} milliseconds`)),
      limits.connectMilliseconds,
    )
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      clearTimeout(alarm)
      socket.off('error', fail)
      // Until somebody reads, a late alert must not end the process; the reader meets it as a cut.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

function unreachable(server: Server, cause: Error): DeviceFault {
  const what = `cannot connect to ${server.authority}: ${reasonOf(cause)}`
  return new DeviceFault('server-unreachable', what, { cause })
}

/** OpenSSL's complaints that are about time alone. */
const aboutTime = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'])

function judge(socket: TLSSocket, server: Server, trust: Trust): Refused | undefined {
  const sent = socket.getPeerX509Certificate()
  if (sent === undefined) {
    return refuse('certificate-not-trusted', `${server.authority} sent no certificate`)
  }
  const wrongName = checkServerIdentity(server.host, sent.toLegacyObject())
  if (wrongName !== undefined) {
    return refuse(
      'server-name-wrong',
      `the certificate of ${server.authority} is not for ${server.host}: it names ${sent.subjectAltName ?? 'nobody'}`,
    )
  }
  const complaint: unknown = socket.authorizationError
  if (!socket.authorized && !aboutTime.has(String(complaint))) {
    return refuse(
      'certificate-not-trusted',
      `the certificate of ${server.authority} does not lead to a pinned root: ${said(complaint)}`,
    )
  }
  return judgePath(sent, server, trust)
}

function judgePath(
  sent: X509Certificate,
  server: Server,
  { roots, now }: Trust,
): Refused | undefined {
  const chain = readChain(sent)
  if (chain.kind === 'refused') return chain
  const path = validateFrom(roots, chain.leaf, chain.intermediates, 'server', now)
  if (path.kind === 'valid') return undefined
  return refuse(path.reason, `the certificate of ${server.authority}: ${path.detail}`)
}

/** What the server sent, leaf first; the root that OpenSSL adds at the end does no harm. */
function readChain(sent: X509Certificate) {
  const intermediates: Certificate[] = []
  try {
    const leaf = parseCertificate(Uint8Array.from(sent.raw))
    let next = sent.issuerCertificate
    while (next !== undefined && intermediates.length < mostIntermediates) {
      intermediates.push(parseCertificate(Uint8Array.from(next.raw), { unknownCritical: 'keep' }))
      next = next.issuerCertificate
    }
    return { kind: 'chain', leaf, intermediates } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('certificate-not-trusted', `the server's certificate: ${error.message}`)
  }
}

/** No path of ours is longer; a hostile server may send what it likes. */
const mostIntermediates = 8

function said(complaint: unknown): string {
  return String(complaint).toLowerCase().replaceAll('_', ' ')
}
