// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import type { ValidPath } from '../path.ts'
import { importPublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import type { PeerRefused } from './refusal.ts'
import type { StatusAnswer, StatusQuestion, StatusSource } from './status-source.ts'

/** How an application looks at revocation. */
export interface StatusRule {
  /** Asked in this order until one knows: the freshest first. */
  readonly sources: readonly StatusSource[]
  /**
   * Where none knows, or what is known is too old. `refuse` fails closed: without news nobody comes in. `accept` fails
   * open: a therapy goes on, and whoever was revoked lately comes in with it. Which of the two harms less is a
   * decision of safety that the maker of the device takes.
   */
  readonly whenUnknown: 'refuse' | 'accept'
  /** `path`: every authority below the anchor, too, as RFC 5280 asks. */
  readonly scope: 'path' | 'leaf'
}

/** How well a peer's status is known, the best first. */
export type StatusVerdict =
  | { readonly kind: 'good'; readonly until: Temporal.Instant }
  /** The certificate says that nobody publishes its status (RFC 9608), and no source knew it. */
  | { readonly kind: 'not-published' }
  /** Accepted by `whenUnknown`. */
  | { readonly kind: 'unknown'; readonly because: string }
  | { readonly kind: 'unchecked' }

/** Asks of every certificate that the rule means; the first that is revoked, or must be known and is not, decides. */
export async function checkStatus(
  { certificates, anchor }: ValidPath,
  at: Temporal.Instant,
  rule: StatusRule,
): Promise<StatusVerdict | PeerRefused> {
  let verdict: StatusVerdict | undefined
  const asked = rule.scope === 'leaf' ? certificates.slice(0, 1) : certificates
  for (const [index, certificate] of asked.entries()) {
    const issuer = issuerOf(certificates[index + 1], anchor)
    const answer = await firstWord({ certificate, issuer, at }, rule.sources)
    const one = judge(certificate, answer, rule)
    if (one.kind === 'refused') return one
    verdict = weaker(verdict, one)
  }
  return verdict ?? { kind: 'unchecked' }
}

function issuerOf(certificate: Certificate | undefined, anchor: TrustAnchor): TrustAnchor {
  if (certificate === undefined) return anchor
  const publicKey = importPublicKey(certificate.publicKey)
  if ('kind' in publicKey) throw new TypeError('a valid path has a key that does not read')
  return { subject: certificate.subject, publicKey, certificate }
}

/** The first source that knows; if none does, what the first one said. */
async function firstWord(
  question: StatusQuestion,
  sources: readonly StatusSource[],
): Promise<StatusAnswer> {
  let first: StatusAnswer | undefined
  for (const source of sources) {
    const answer = await source.statusOf(question)
    if (answer.kind === 'good' || answer.kind === 'revoked') return answer
    const told = { ...answer, because: `${source.name}: ${answer.because}` }
    if (first?.kind !== 'outdated') first = answer.kind === 'outdated' ? told : (first ?? told)
  }
  return first ?? { kind: 'unknown', because: 'no source was given' }
}

const onHold = 6

function judge(
  certificate: Certificate,
  answer: StatusAnswer,
  { whenUnknown }: StatusRule,
): StatusVerdict | PeerRefused {
  const who = formatName(certificate.subject).slice(0, 256)
  switch (answer.kind) {
    case 'good':
      return answer
    case 'revoked': {
      const since = answer.since === undefined ? '' : ` since ${answer.since}`
      return answer.reason === onHold
        ? refuse('certificate-held', `${who} is on hold${since}`)
        : refuse('certificate-revoked', `${who} is revoked${since}`)
    }
    case 'unknown':
      // RFC 9608 section 3: there is and will be nothing to ask; no authority may say so of itself.
      if (isNeverPublished(certificate)) return { kind: 'not-published' }
  }
  if (whenUnknown === 'accept') return { kind: 'unknown', because: answer.because }
  return answer.kind === 'outdated'
    ? refuse('status-outdated', `${who}: ${answer.because}`)
    : refuse('status-unknown', `${who}: ${answer.because}`)
}

function isNeverPublished({ extensions }: Certificate): boolean {
  const isAuthority = readExtension(extensions, 'basicConstraints')?.ca === true
  return !isAuthority && readExtension(extensions, 'noRevAvail') !== undefined
}

const order = ['good', 'not-published', 'unknown', 'unchecked'] as const

/** The one that says less; of two that are good the one that ends first. */
function weaker(one: StatusVerdict | undefined, other: StatusVerdict): StatusVerdict {
  if (one === undefined) return other
  if (one.kind === 'good' && other.kind === 'good')
    return Temporal.Instant.compare(one.until, other.until) <= 0 ? one : other
  return order.indexOf(one.kind) >= order.indexOf(other.kind) ? one : other
}
