// SPDX-License-Identifier: Apache-2.0
/** The two questions by which a device has the server prove where its keys are. */
import {
  attestationMediaType,
  attestationPaths,
  type BeginAnswer,
  type BeginRequest,
  type CertifyAnswer,
  type CertifyRequest,
  encodeBeginRequest,
  encodeCertifyRequest,
  parseBeginAnswer,
  parseCertifyAnswer,
} from '#format/attestation/messages.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import { answeredNo, type Later } from './answer.ts'
import { ask, type Line } from './line.ts'

export interface Answered<T> {
  readonly kind: 'answered'
  readonly answer: T
}

/** Asks for a credential that only this TPM can open. */
export function beginAttestation(
  line: Line,
  request: BeginRequest,
): Promise<Answered<BeginAnswer> | Refused | Later> {
  return post(line, attestationPaths.begin, encodeBeginRequest(request), parseBeginAnswer)
}

/** Shows the opened secret and what the attestation key says of the device's keys. */
export function certifyKeys(
  line: Line,
  request: CertifyRequest,
): Promise<Answered<CertifyAnswer> | Refused | Later> {
  return post(line, attestationPaths.certify, encodeCertifyRequest(request), parseCertifyAnswer)
}

async function post<T>(
  line: Line,
  path: string,
  body: string,
  parse: (bytes: Uint8Array) => T,
): Promise<Answered<T> | Refused | Later> {
  const headers = { 'content-type': attestationMediaType }
  const reply = await ask(line, undefined, { method: 'POST', path, headers, body })
  if (reply.kind === 'refused') return reply
  const no = answeredNo(reply)
  if (no !== undefined) return no
  try {
    return { kind: 'answered', answer: parse(reply.body) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('answer-malformed', `the answer to ${path}: ${error.message}`)
  }
}
