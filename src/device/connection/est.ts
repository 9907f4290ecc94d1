// SPDX-License-Identifier: Apache-2.0
/** The questions that a device asks: RFC 7030 with the clarifications of RFC 8951. */
import { parseBase64Body } from '#format/base64.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import type { Credential } from '../credential.ts'
import type { NetworkLimits } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { answeredNo, type Later } from './answer.ts'
import { exchange, type Reply } from './exchange.ts'
import { ask, type Line } from './line.ts'
import type { Server } from './server.ts'
import { dangerouslyConnectUnchecked } from './tls.ts'

/** Certificates in the order sent, which means nothing. */
export interface Certificates {
  readonly kind: 'certificates'
  readonly certificates: readonly Certificate[]
}

/** By what a device proves that it may ask. */
export type Proof =
  | { readonly kind: 'code'; readonly serial: string; readonly code: string }
  | { readonly kind: 'credential'; readonly credential: Credential }

/** GET /cacerts from a server that nobody vouches for yet: public bytes, to be compared with a digest. */
export async function fetchUncheckedCaCertificates(
  server: Server,
  limits: NetworkLimits,
): Promise<Certificates | Refused | Later> {
  const socket = await dangerouslyConnectUnchecked(server, limits)
  const reply = await exchange(socket, server, { method: 'GET', path: pathOf('cacerts') }, limits)
  return reply.kind === 'refused' ? reply : acceptCertificates(reply)
}

/** GET /cacerts. RFC 7030 section 4.1. */
export async function fetchCaCertificates(line: Line): Promise<Certificates | Refused | Later> {
  const reply = await ask(line, undefined, { method: 'GET', path: pathOf('cacerts') })
  return reply.kind === 'refused' ? reply : acceptCertificates(reply)
}

/** POST /simpleenroll. RFC 7030 section 4.2.1; `request` is the PKCS #10 DER. */
export async function simpleEnroll(
  line: Line,
  label: string | undefined,
  request: Uint8Array,
  proof: Proof,
): Promise<Certificates | Refused | Later> {
  return post(line, pathOf('simpleenroll', label), request, proof)
}

/** POST /simplereenroll with the certificate that is to be replaced. RFC 7030 section 4.2.2. */
export async function simpleReenroll(
  line: Line,
  label: string | undefined,
  request: Uint8Array,
  credential: Credential,
): Promise<Certificates | Refused | Later> {
  return post(line, pathOf('simplereenroll', label), request, { kind: 'credential', credential })
}

function pathOf(operation: string, label?: string): string {
  const middle = label === undefined ? '' : `/${encodeURIComponent(label)}`
  return `/.well-known/est${middle}/${operation}`
}

async function post(
  line: Line,
  path: string,
  request: Uint8Array,
  proof: Proof,
): Promise<Certificates | Refused | Later> {
  const reply = await ask(line, proof.kind === 'credential' ? proof.credential : undefined, {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/pkcs10',
      ...(proof.kind === 'code' && { authorization: basic(proof.serial, proof.code) }),
    },
    body: request.toBase64(),
  })
  return reply.kind === 'refused' ? reply : acceptCertificates(reply)
}

/** RFC 7617. */
function basic(user: string, password: string): string {
  return `Basic ${new TextEncoder().encode(`${user}:${password}`).toBase64()}`
}

function acceptCertificates(reply: Reply): Certificates | Refused | Later {
  const no = answeredNo(reply)
  if (no !== undefined) return no
  try {
    const certificates = parseCertsOnly(parseBase64Body(reply.body), { order: 'any' }).map((der) =>
      // A stranger in the heap is no reason to refuse all; a path never uses what nobody understands.
      parseCertificate(der, { unknownCritical: 'keep' }),
    )
    return { kind: 'certificates', certificates }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('answer-malformed', `the answer holds no certificates: ${error.message}`)
  }
}
