// SPDX-License-Identifier: Apache-2.0
/** What an ACME server says, as far as a client reads it: RFC 8555 section 7.1. Unknown members are left. */
import { FormatError } from '#format/format-error.ts'

/** RFC 8555 section 7.1.1. */
export interface Directory {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
  readonly revokeCert: string | undefined
  readonly termsOfService: string | undefined
  readonly externalAccountRequired: boolean
}

export const orderStates = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const

/** RFC 8555 section 7.1.3. */
export interface AcmeOrder {
  readonly status: (typeof orderStates)[number]
  readonly authorizations: readonly string[]
  readonly finalize: string
  readonly certificate: string | undefined
  readonly error: AcmeProblem | undefined
}

/** RFC 8555 section 7.1.4; of its challenges the one of type http-01. */
export interface Authorization {
  readonly status: string
  readonly identifier: string
  readonly http01:
    | {
        readonly url: string
        readonly token: string
        readonly status: string
        readonly error: AcmeProblem | undefined
      }
    | undefined
}

/** RFC 8555 section 6.7, RFC 9457. */
export interface AcmeProblem {
  /** The last part of its URN, e.g. `badNonce`. */
  readonly type: string
  readonly detail: string
}

/** More than any answer to one question of a client needs. */
const mostEntries = 100
const mostCharacters = 2_000

/** @throws FormatError if it is no JSON object, or lacks what the section asks for */
export function parseDirectory(body: Uint8Array): Directory {
  const read = objectOf(body)
  const meta = inner(read, 'meta')
  return {
    newNonce: httpsIn(read, 'newNonce'),
    newAccount: httpsIn(read, 'newAccount'),
    newOrder: httpsIn(read, 'newOrder'),
    revokeCert: optionalHttps(read, 'revokeCert'),
    termsOfService: optionalText(meta, 'termsOfService'),
    externalAccountRequired: meta['externalAccountRequired'] === true,
  }
}

/** @throws FormatError as `parseDirectory` */
export function parseOrder(body: Uint8Array): AcmeOrder {
  const read = objectOf(body)
  const status = orderStates.find((one) => one === read['status'])
  if (status === undefined) throw wrong('status')
  return {
    status,
    authorizations: listIn(read, 'authorizations').map((one) => httpsOf(one, 'authorizations')),
    finalize: httpsIn(read, 'finalize'),
    certificate: optionalHttps(read, 'certificate'),
    error: problemIn(read, 'error'),
  }
}

/** @throws FormatError as `parseDirectory` */
export function parseAuthorization(body: Uint8Array): Authorization {
  const read = objectOf(body)
  const challenges = listIn(read, 'challenges').map((one) => membersOf(one))
  const challenge = challenges.find(({ type }) => type === 'http-01')
  return {
    status: textIn(read, 'status'),
    identifier: textIn(inner(read, 'identifier'), 'value'),
    http01: challenge && {
      url: httpsIn(challenge, 'url'),
      token: tokenIn(challenge),
      status: textIn(challenge, 'status'),
      error: problemIn(challenge, 'error'),
    },
  }
}

/** A problem document; a body that is none has the type `unknown`. Never throws. */
export function parseProblem(body: Uint8Array): AcmeProblem {
  try {
    return problemOf(objectOf(body))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { type: 'unknown', detail: '' }
  }
}

/** RFC 8555 section 8.3: base64url, at least 128 bits. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{22,256}$/.test(text)
}

type Members = Readonly<Record<string, unknown>>

function objectOf(body: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw wrong('the whole')
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function inner(read: Members, name: string): Members {
  return membersOf(read[name])
}

function textIn(read: Members, name: string): string {
  return optionalText(read, name) ?? fail(name)
}

function optionalText(read: Members, name: string): string | undefined {
  const value = read[name]
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' && value.length <= mostCharacters ? value : fail(name)
}

function httpsIn(read: Members, name: string): string {
  return httpsOf(read[name], name)
}

function optionalHttps(read: Members, name: string): string | undefined {
  return read[name] === undefined ? undefined : httpsIn(read, name)
}

/** Everything about an account travels over TLS: RFC 8555 section 6.1. */
function httpsOf(value: unknown, name: string): string {
  const isShort = typeof value === 'string' && value.length <= mostCharacters
  return isShort && /^https:\/\/[^\s]+$/.test(value) ? value : fail(name)
}

function tokenIn(challenge: Members): string {
  const token = textIn(challenge, 'token')
  return isToken(token) ? token : fail('token')
}

function listIn(read: Members, name: string): readonly unknown[] {
  const value = read[name]
  return Array.isArray(value) && value.length <= mostEntries ? value : fail(name)
}

function problemIn(read: Members, name: string): AcmeProblem | undefined {
  return read[name] === undefined ? undefined : problemOf(inner(read, name))
}

function problemOf(read: Members): AcmeProblem {
  const type = typeof read['type'] === 'string' ? read['type'] : ''
  const detail = typeof read['detail'] === 'string' ? read['detail'] : ''
  return {
    type: /^urn:ietf:params:acme:error:([A-Za-z]{1,60})$/.exec(type)?.[1] ?? 'unknown',
    detail: detail.slice(0, mostCharacters),
  }
}

function wrong(name: string): FormatError {
  return new FormatError('value-not-allowed', 0, `${name} of an ACME answer`)
}

function fail(name: string): never {
  throw wrong(name)
}
