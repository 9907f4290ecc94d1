// SPDX-License-Identifier: Apache-2.0
import type { Asked } from '#core/attestation/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { HttpRequest } from '#edge/http/message.ts'
import {
  attestationMediaType,
  type BeginRequest,
  type CertifyRequest,
  parseBeginRequest,
  parseCertifyRequest,
} from '#format/attestation/messages.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'

export type Accepted<T> =
  | { readonly kind: 'accepted'; readonly request: T; readonly asked: Asked }
  | Refused

/** The first message; what its bytes mean to a TPM is not judged here. */
export function acceptBegin(http: HttpRequest): Accepted<BeginRequest> {
  return accept(http, parseBeginRequest)
}

/** The second message. */
export function acceptCertify(http: HttpRequest): Accepted<CertifyRequest> {
  return accept(http, parseCertifyRequest)
}

/** No Content-Type is taken for the right one, since many a small client sets none. */
function accept<T>(http: HttpRequest, parse: (body: Uint8Array) => T): Accepted<T> {
  const { headers, body, peer, requestId } = http
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && type !== attestationMediaType)
    return refuse(
      'media-type-wrong',
      `content type is ${shown(type)}, asked is ${attestationMediaType}`,
    )
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding !== 'identity')
    return refuse('media-type-wrong', `content encoding is ${shown(coding)}, asked is none`)
  try {
    const asked = { sourceAddress: peer.address, requestId }
    return { kind: 'accepted', request: parse(body), asked }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', error.message)
  }
}

/** A stranger's word as it may stand in our answer: short, one line, ASCII. */
function shown(word: string): string {
  return word.replace(/[^ -~]/g, '?').slice(0, 60)
}
