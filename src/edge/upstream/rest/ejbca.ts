// SPDX-License-Identifier: Apache-2.0
/**
 * EJBCA's REST interface, version 1, as its public documentation describes it.
 *
 * Tried against a server that speaks the documented messages, never against the live service.
 *
 * @see docs.keyfactor.com/ejbca/latest/open-api-specification: pkcs10enroll, finalize, search, revoke, status
 */
import type { Heard, RevocationHeard } from '#core/authority/upstream/desk.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem } from '#format/pem.ts'
import { formatName } from '#format/x509/name.ts'
import { printable, type Question, wordsOf } from '../exchange.ts'
import type { Adapter, Reply, Wish } from './adapter.ts'

/** RFC 5280 section 5.3.1, in its words. */
const reasons: Readonly<Record<number, string>> = {
  0: 'UNSPECIFIED',
  1: 'KEY_COMPROMISE',
  3: 'AFFILIATION_CHANGED',
  4: 'SUPERSEDED',
  5: 'CESSATION_OF_OPERATION',
  9: 'PRIVILEGES_WITHDRAWN',
}

/** What it calls what we ask of it; each has to be given as a setting. */
export const ejbcaSettings = ['ca', 'certificate-profile', 'end-entity-profile'] as const

const mostChain = 10

export const ejbca: Adapter = {
  find: (wish) =>
    post(wish.upstream, 'certificate/search', {
      max_number_of_results: 2,
      criteria: [{ property: 'QUERY', value: wish.key, operation: 'EQUAL' }],
    }),

  found: ({ status, body }) => {
    if (status !== 200) throw wrong(`the search was answered with status ${status}`)
    const { certificates } = membersOf(body)
    if (!Array.isArray(certificates)) throw wrong('no list of certificates')
    const [first] = certificates
    return first === undefined ? undefined : [certificateIn(first)]
  },

  ask: (wish) => (wish.kept === undefined ? enrol(wish) : finalize(wish, wish.kept)),

  heard: (reply) => {
    switch (reply.status) {
      case 200:
      case 201:
        return { kind: 'certificates', certificates: chainIn(reply.body) }
      case 202:
        return waiting(reply)
      default:
        return refusedBy(reply)
    }
  },

  revoke: (upstream, certificate, reason) => {
    const issuer = encodeURIComponent(formatName(certificate.issuer))
    const serial = certificate.serialNumber.toHex().replace(/^(00)+(?=..)/, '')
    const path = `certificate/${issuer}/${serial}/revoke?reason=${reasons[reason] ?? 'UNSPECIFIED'}`
    return { method: 'PUT', url: urlOf(upstream, path), headers: { accept: 'application/json' } }
  },

  revoked: ({ status, body }): RevocationHeard => {
    if (status >= 200 && status < 300) return { kind: 'revoked' }
    const words = saidIn(body)
    // 409: a state that it has already is no failure.
    return status === 409 && /already revoked/i.test(words)
      ? { kind: 'revoked' }
      : { kind: 'failed', words: `status ${status}: ${words}` }
  },

  status: (upstream) => ({
    ...{ method: 'GET', url: urlOf(upstream, 'certificate/status') },
    headers: { accept: 'application/json' },
  }),

  says: ({ body }) => {
    const { status, version } = membersOf(body)
    if (status !== 'OK') throw wrong(`its status is ${printable(String(status))}`)
    return { status, version: printable(String(version ?? 'not told')), 'tried-live': 'no' }
  },
}

function enrol({ upstream, request, key, password }: Wish): Question {
  const { settings } = upstream
  return post(upstream, 'certificate/pkcs10enroll', {
    certificate_request: encodePem('CERTIFICATE REQUEST', request),
    certificate_profile_name: settings['certificate-profile'],
    end_entity_profile_name: settings['end-entity-profile'],
    certificate_authority_name: settings['ca'],
    ...{ username: key, password, include_chain: true },
  })
}

function finalize({ upstream, password }: Wish, kept: string): Question {
  const path = `certificate/${encodeURIComponent(kept)}/finalize`
  return post(upstream, path, { response_format: 'DER', password })
}

function post(upstream: Upstream, path: string, body: object): Question {
  return {
    ...{ method: 'POST', url: urlOf(upstream, path) },
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  }
}

/** The address is that of the interface, e.g. https://HOST/ejbca/ejbca-rest-api. */
function urlOf({ address }: Upstream, path: string): URL {
  return new URL(`${address.replace(/\/$/, '')}/v1/${path}`)
}

/** A person decides there; the number is by which the answer is fetched. */
function waiting({ body }: Reply): Heard & { readonly kept?: string } {
  const words = saidIn(body)
  const number = /\bID\D{0,3}(\d{1,11})\b/i.exec(words)?.[1]
  return {
    ...{ kind: 'waiting', retryAfterSeconds: undefined, words },
    ...(number !== undefined && { kept: number }),
  }
}

function refusedBy({ status, body }: Reply): Heard {
  const words = `status ${status}: ${saidIn(body)}`
  if (status === 503 || status === 429) return { kind: 'unreached', words }
  return status >= 400 && status < 500 ? { kind: 'turned-down', words } : { kind: 'unknown', words }
}

function saidIn(body: Uint8Array): string {
  try {
    const { error_message: message } = membersOf(body)
    return typeof message === 'string' ? printable(message) : ''
  } catch (error) {
    if (error instanceof FormatError) return wordsOf(body)
    throw error
  }
}

/** The certificate and those above it: base64 of DER. @throws FormatError */
function chainIn(body: Uint8Array): readonly Uint8Array[] {
  const read = membersOf(body)
  const chain = Array.isArray(read['certificate_chain']) ? read['certificate_chain'] : []
  if (chain.length > mostChain) throw wrong(`a chain of ${chain.length}`)
  return [certificateIn(read), ...chain.map((one) => bytesOf(one))]
}

function certificateIn(value: unknown): Uint8Array {
  const { certificate } =
    typeof value === 'object' && value !== null ? ({ ...value } as Members) : {}
  return bytesOf(certificate)
}

/** Some of its answers are encoded once more: DER begins with 30, and base64 never does. */
function bytesOf(value: unknown): Uint8Array {
  const once = fromBase64(value)
  if (once[0] === 0x30 && once[1] !== undefined && once[1] >= 0x80) return once
  return fromBase64(new TextDecoder('latin1').decode(once))
}

function fromBase64(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length > 100_000) throw wrong('a certificate')
  try {
    return Uint8Array.fromBase64(value)
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong('a certificate that is not base64')
    throw error
  }
}

type Members = Readonly<Record<string, unknown>>

/** @throws FormatError if it is no JSON object */
function membersOf(body: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw wrong('no JSON object')
}

function wrong(what: string): FormatError {
  return new FormatError('value-not-allowed', 0, `${what} in an answer of EJBCA`)
}
