// SPDX-License-Identifier: Apache-2.0
/** The questions that a device asks: RFC 7030 with the clarifications of RFC 8951. */
import { parseBase64Body } from '#format/base64.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { parseCsrAttributes } from '#format/est/csr-attributes.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import type { Credential } from '../credential.ts'
import type { NetworkLimits } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { answeredNo, type Later } from './answer.ts'
import { exchange, type Question, type Reply } from './exchange.ts'
import { ask, type Line } from './line.ts'
import type { Server } from './server.ts'
import { dangerouslyConnectUnchecked } from './tls.ts'

/** Certificates in the order sent, which means nothing. */
export interface Certificates {
  readonly kind: 'certificates'
  readonly certificates: readonly Certificate[]
}

/** A PKCS #10 request as it lies on disk, and how to sign another that names a connection. */
export interface Request {
  readonly der: Uint8Array
  bind(challengePassword: string): Promise<Uint8Array>
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

/**
 * GET /cacerts. RFC 7030 section 4.1.
 *
 * @param label the entrance whose authorities are asked for; undefined: all of the server's
 * @param credential shown, so that the server knows who has been given them
 */
export async function fetchCaCertificates(
  line: Line,
  label?: string,
  credential?: Credential,
): Promise<Certificates | Refused | Later> {
  const reply = await ask(line, credential, { method: 'GET', path: pathOf('cacerts', label) })
  return reply.kind === 'refused' ? reply : acceptCertificates(reply)
}

/** POST /simpleenroll. RFC 7030 section 4.2.1. */
export async function simpleEnroll(
  line: Line,
  label: string | undefined,
  request: Request,
  proof: Proof,
): Promise<Certificates | Refused | Later> {
  return post(line, 'simpleenroll', label, request, proof)
}

/** POST /simplereenroll with the certificate that is to be replaced. RFC 7030 section 4.2.2. */
export async function simpleReenroll(
  line: Line,
  label: string | undefined,
  request: Request,
  credential: Credential,
): Promise<Certificates | Refused | Later> {
  return post(line, 'simplereenroll', label, request, { kind: 'credential', credential })
}

function pathOf(operation: string, label?: string): string {
  const middle = label === undefined ? '' : `/${encodeURIComponent(label)}`
  return `/.well-known/est${middle}/${operation}`
}

async function post(
  line: Line,
  operation: string,
  label: string | undefined,
  request: Request,
  proof: Proof,
): Promise<Certificates | Refused | Later> {
  const credential = proof.kind === 'credential' ? proof.credential : undefined
  const path = pathOf(operation, label)
  const reply = await ask(line, credential, questionOf(path, request.der, proof))
  if (reply.kind === 'refused') return reply
  // Only now, so that an enrolment that binds nothing costs no further connection.
  if (reply.status !== 400 || !(await wantsChannelBinding(line, label)))
    return acceptCertificates(reply)
  const bound = await ask(line, credential, async (exporter) => {
    const der = exporter === undefined ? request.der : await request.bind(exporter.toBase64())
    return questionOf(path, der, proof)
  })
  return bound.kind === 'refused' ? bound : acceptCertificates(bound)
}

/** Whether the entrance's csrattrs ask for challengePassword: RFC 7030 sections 3.5 and 4.5.2. */
async function wantsChannelBinding(line: Line, label: string | undefined): Promise<boolean> {
  const reply = await ask(line, undefined, { method: 'GET', path: pathOf('csrattrs', label) })
  if (reply.kind === 'refused' || reply.status !== 200) return false
  try {
    return parseCsrAttributes(parseBase64Body(reply.body)).some(
      (one) => one.kind === 'oid' && one.oid === attributes.challengePassword,
    )
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

function questionOf(path: string, der: Uint8Array, proof: Proof): Question {
  return {
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/pkcs10',
      ...(proof.kind === 'code' && { authorization: basic(proof.serial, proof.code) }),
    },
    body: der.toBase64(),
  }
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
