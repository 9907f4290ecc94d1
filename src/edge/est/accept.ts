// SPDX-License-Identifier: Apache-2.0
import type { Credential, EnrolmentRequest } from '#core/enrolment/request.ts'
import type { ServerKeyRequest } from '#core/enrolment/server-key/enrol-with-key.ts'
import type { Refused } from '#core/refusal.ts'
import type { HttpRequest } from '#edge/http/message.ts'
import { parseBase64Body } from '#format/base64.ts'
import { isMediaType, mediaTypes } from '#format/est/messages.ts'
import { estPrefix, isOperation, type Operation } from '#format/est/operations.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'

/** What a path asks for. */
export interface Target {
  readonly operation: Operation
  /** The entrance that it names, decoded; undefined: none. */
  readonly label: string | undefined
}

/** RFC 7030 section 3.2.2: `/.well-known/est/OPERATION` or `/.well-known/est/LABEL/OPERATION`. */
export function acceptTarget(path: string): Target | Refused {
  const segments = path.slice(estPrefix.length).split('/')
  const operation = segments.pop() ?? ''
  if (!isOperation(operation) || segments.length > 1)
    return refuse('operation-unknown', 'no operation of EST is under this path')
  const [segment] = segments
  if (segment === undefined) return { operation, label: undefined }
  const label = decoded(segment)
  if (label === undefined || label === '' || isOperation(label))
    return refuse('entrance-unknown', 'an entrance cannot bear this name')
  return { operation, label }
}

export type AcceptedEnrolment =
  | { readonly kind: 'accepted'; readonly request: EnrolmentRequest }
  | Refused

/** RFC 7030 section 4.2.1, 4.2.2: the request and the proof that comes with it; neither is judged here. */
export function acceptEnrolment(http: HttpRequest, target: Target): AcceptedEnrolment {
  const pkcs10 = acceptPkcs10(http)
  if ('kind' in pkcs10) return pkcs10
  const credential =
    target.operation === 'simplereenroll' ? presentedCertificate(http) : presentedProof(http)
  if (credential.kind === 'refused') return credential
  return {
    kind: 'accepted',
    request: {
      protocol: 'est',
      operation: target.operation === 'simplereenroll' ? 'reenrol' : 'enrol',
      label: target.label,
      request: pkcs10,
      credential,
      sourceAddress: http.peer.address,
      requestId: http.requestId,
      channelBinding: http.peer.channelBinding,
      // What a proxy saw was proved to the proxy.
      connectionCertificate: http.peer.proxy ? undefined : http.peer.certificates[0],
      proxy: http.peer.proxy,
    },
  }
}

export type AcceptedServerKey =
  | { readonly kind: 'accepted'; readonly request: ServerKeyRequest }
  | Refused

/** RFC 7030 section 4.4.1: as simpleenroll, and how the connection will keep the key. */
export function acceptServerKey(http: HttpRequest, target: Target): AcceptedServerKey {
  const accepted = acceptEnrolment(http, target)
  if (accepted.kind === 'refused') return accepted
  const { tls } = http.peer
  return { kind: 'accepted', request: { ...accepted.request, operation: 'enrol', tls } }
}

/**
 * The body as DER, not yet parsed.
 *
 * Content-Transfer-Encoding is ignored, whatever it says (RFC 8951 section 3); no Content-Type is taken
 * for the right one, since many a small client sets none. A wrong one is refused, though: what follows
 * it, e.g. a form, is never a request that was meant so.
 */
function acceptPkcs10({ headers, body }: HttpRequest): Uint8Array | Refused {
  const type = headers['content-type']
  if (!isMediaType(type, mediaTypes.enrolRequest))
    return refuse(
      'media-type-wrong',
      `content type is ${shown(type)}, asked is ${mediaTypes.enrolRequest}`,
    )
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding !== 'identity')
    return refuse('media-type-wrong', `content encoding is ${shown(coding)}, asked is none`)
  if (startsWith(body, '-----BEGIN'))
    return refuse(
      'request-malformed',
      'the body is PEM, asked is the base64 of the DER alone, without the BEGIN and END lines',
    )
  if (body[0] === 0x30 && body[1] !== undefined && body[1] >= 0x80)
    return refuse('request-malformed', 'the body is DER, asked is its base64')
  try {
    return parseBase64Body(body)
  } catch (error) {
    if (error instanceof FormatError) return refuse('request-malformed', `body: ${error.message}`)
    throw error
  }
}

/** RFC 7030 section 3.3.2: re-enrolment proves itself with the certificate that it renews. */
function presentedCertificate({ peer }: HttpRequest): Credential | Refused {
  return peer.certificates.length === 0
    ? refuse('proof-not-admitted', 'simplereenroll asks for the client certificate to be renewed')
    : { kind: 'certificate', chain: peer.certificates }
}

/** A code is given on purpose and so comes before a certificate, which TLS may have sent by itself. */
function presentedProof({ headers, peer }: HttpRequest): Credential | Refused {
  const { authorization } = headers
  if (authorization !== undefined) return acceptBasic(authorization)
  return peer.certificates.length === 0
    ? { kind: 'none' }
    : { kind: 'certificate', chain: peer.certificates }
}

/** RFC 7617 section 2: user and code, parted by the first colon. */
function acceptBasic(field: string): Credential | Refused {
  const [, token] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(field) ?? []
  const text = token === undefined ? undefined : utf8OfBase64(token)
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon === -1)
    return refuse('credential-missing', 'the authorization field is not that of the scheme basic')
  return { kind: 'code', user: text.slice(0, colon), code: text.slice(colon + 1) }
}

function utf8OfBase64(token: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.fromBase64(token))
  } catch (error) {
    // Not base64, or not UTF-8.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function startsWith(body: Uint8Array, text: string): boolean {
  return text.length <= body.length && [...text].every((c, at) => body[at] === c.charCodeAt(0))
}

/** A stranger's word as it may stand in our answer: short, one line, ASCII. */
function shown(word = ''): string {
  return word.replace(/[^ -~]/g, '?').slice(0, 60)
}
