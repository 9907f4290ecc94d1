// SPDX-License-Identifier: Apache-2.0
/** This server as the registration authority of another EST server: RFC 7030 section 3.7, RFC 8951. */
import type {
  Errand,
  Heard,
  RevocationHeard,
  UpstreamDesk,
  UpstreamSays,
} from '#core/authority/upstream/desk.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { parseBase64Body } from '#format/base64.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { isMediaType, mediaTypes } from '#format/est/messages.ts'
import { estPrefix } from '#format/est/operations.ts'
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import { trustOf, type UpstreamMeans } from '../credentials.ts'
import { type Exchanged, exchange, retryAfterOf, wordsOf } from '../exchange.ts'

export function estUpstream(means: UpstreamMeans): UpstreamDesk {
  return {
    ask: (errand, signal) => simpleEnroll(errand, signal, means),
    revoke: async (): Promise<RevocationHeard> => ({ kind: 'not-offered' }),
    examine: (upstream, signal) => cacerts(upstream, signal, means),
  }
}

/**
 * RFC 7030 section 4.2.1: the device's request as it came, under our own certificate.
 *
 * Also for renewals: section 4.2.2 renews the certificate of the connection, and that is ours, not the
 * device's. Whether this device may have another is decided here.
 */
async function simpleEnroll(
  { upstream, order }: Errand,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<Heard> {
  const trust = await trustOf(upstream, means)
  const replied = await exchange(
    {
      method: 'POST',
      url: urlOf(upstream, 'simpleenroll'),
      headers: { 'content-type': mediaTypes.enrolRequest },
      body: order.request.toBase64(),
    },
    trust,
    signal,
  )
  return heardIn(replied, means.clock.now())
}

/** RFC 7030 section 4.2.3, and which of its answers are sure to have signed nothing. */
export function heardIn(replied: Exchanged, now: Temporal.Instant): Heard {
  if (replied.kind === 'unreached') return replied
  if (replied.kind === 'cut') return { kind: 'unknown', words: replied.words }
  const { status, headers, body } = replied
  const words = `status ${status}: ${wordsOf(body)}`
  if (status === 200) return certificatesIn(replied)
  const retryAfterSeconds = retryAfterOf(headers, now)
  if (status === 202) return { kind: 'waiting', retryAfterSeconds, words }
  // What is told to come again, has not been taken up: RFC 9110 section 15.6.4, RFC 6585 section 4.
  if (status === 503 || status === 429) return { kind: 'unreached', words }
  // So says a Vitalsign that asked somebody else in turn and does not know what became of it.
  if (status === 409) return { kind: 'unknown', words }
  if (status >= 400 && status < 500) return { kind: 'turned-down', words }
  return { kind: 'unknown', words }
}

function certificatesIn({ headers, body }: Exchanged & { kind: 'reply' }): Heard {
  if (!isMediaType(headers['content-type'], 'application/pkcs7-mime'))
    return { kind: 'unknown', words: 'it answered 200 with no application/pkcs7-mime' }
  try {
    const certificates = parseCertsOnly(parseBase64Body(body), { order: 'any' })
    return { kind: 'certificates', certificates }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { kind: 'unknown', words: `it answered 200 with no certificates: ${error.message}` }
  }
}

/** RFC 7030 section 4.1, and whether the operation that we need takes our certificate. */
async function cacerts(
  upstream: Upstream,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<UpstreamSays | Refused> {
  const trust = await trustOf(upstream, means)
  const replied = await exchange({ method: 'GET', url: urlOf(upstream, 'cacerts') }, trust, signal)
  if (replied.kind !== 'reply') return refuse('upstream-unreachable', replied.words)
  const heard = replied.status === 200 ? certificatesIn(replied) : undefined
  if (heard?.kind !== 'certificates')
    return refuse('upstream-refused', `cacerts: status ${replied.status}: ${wordsOf(replied.body)}`)
  return { kind: 'says', authorities: heard.certificates, facts: { operation: 'simpleenroll' } }
}

function urlOf({ address, settings }: Upstream, operation: string): URL {
  const { label } = settings
  const middle = label === undefined ? '' : `${encodeURIComponent(label)}/`
  return new URL(`${estPrefix}${middle}${operation}`, address)
}
