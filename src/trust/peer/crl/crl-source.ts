// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import type { ReasonFlagName } from '#format/x509/extensions/locations.ts'
import { sameName } from '#format/x509/name.ts'
import type { TrustAnchor } from '#trust/trust-anchor.ts'
import {
  isFresh,
  type StatusAnswer,
  type StatusQuestion,
  type StatusSource,
} from '../status-source.ts'
import { allReasons, reasonsCovered } from './applies.ts'
import type { ListEntry, RevocationList } from './revocation-list.ts'

/** RFC 5280 section 5.3.1: in a delta, the certificate is off the list again. */
const removeFromCrl = 8

/**
 * Revocation lists as a source: complete ones, shards and deltas, of any number of issuers, in any order.
 *
 * @param lists is asked at each question, about a certificate whose path is valid: an application may fetch there what
 * `listAddresses` names, and keeps it for as long as it likes; MUST NOT throw for what a network does
 * @see RFC 5280 section 6.3.3
 */
export function crlSource(
  lists: (
    question: StatusQuestion,
  ) => readonly RevocationList[] | Promise<readonly RevocationList[]>,
): StatusSource {
  return {
    name: 'revocation lists',
    statusOf: async (question) => statusIn(await lists(question), question),
  }
}

/**
 * Where the lists of a certificate are, as it says itself: of one whose path is valid, since whoever makes up a
 * certificate chooses what is fetched.
 */
export function listAddresses({ extensions }: Certificate): readonly string[] {
  const points = readExtension(extensions, 'cRLDistributionPoints') ?? []
  return points
    .flatMap(({ fullName }) => fullName)
    .flatMap((name) => (name.kind === 'uri' && /^https?:/i.test(name.value) ? [name.value] : []))
}

function statusIn(lists: readonly RevocationList[], question: StatusQuestion): StatusAnswer {
  const { certificate, issuer, at } = question
  const own = lists.filter(({ crl }) => sameName(crl.issuer, certificate.issuer))
  const covered = new Set<ReasonFlagName>()
  let until: Temporal.Instant | undefined
  let outdated: string | undefined
  // (1): until every reason is spoken of. Of lists that follow each other only the newest counts.
  for (const { list, delta } of wordsOf(own, issuer)) {
    const reasons = reasonsCovered(list, certificate)
    // (e)
    if (reasons.every((reason) => covered.has(reason))) continue
    const fresh = delta !== undefined && isListFresh(delta, at) ? delta : undefined
    const entry = entryIn(list, delta, fresh, certificate.serialNumber)
    if (entry !== undefined)
      return { kind: 'revoked', since: entry.revokedAt, reason: entry.reason }
    const speaking = fresh ?? list
    const { thisUpdate, nextUpdate } = speaking.crl
    if (!isListFresh(speaking, at)) {
      outdated = `the list of ${thisUpdate} was good until ${nextUpdate}, it is ${at}`
      continue
    }
    // (l)
    for (const reason of reasons) covered.add(reason)
    if (until === undefined || Temporal.Instant.compare(nextUpdate, until) < 0) until = nextUpdate
  }
  if (until !== undefined && allReasons.every((reason) => covered.has(reason)))
    return { kind: 'good', until }
  if (outdated !== undefined) return { kind: 'outdated', because: outdated }
  return { kind: 'unknown', because: whyUnknown(own, covered, question) }
}

function isListFresh({ crl: { thisUpdate, nextUpdate } }: RevocationList, at: Temporal.Instant) {
  return isFresh(thisUpdate, nextUpdate, at)
}

/** A complete list, and the newest delta that goes with it, fresh or not. */
interface Word {
  readonly list: RevocationList
  readonly delta: RevocationList | undefined
}

/** Where a shard and the full list both speak of a certificate, what was known last counts, by a delta or without. */
function wordsOf(own: readonly RevocationList[], issuer: TrustAnchor): readonly Word[] {
  const complete = own.filter(({ base }) => base === undefined)
  return newestOf(complete, issuer)
    .map((list) => ({ list, delta: deltaFor(list, own, issuer) }))
    .toSorted((left, right) => Temporal.Instant.compare(saidAt(right), saidAt(left)))
}

function saidAt({ list, delta }: Word): Temporal.Instant {
  return (delta ?? list).crl.thisUpdate
}

/** (f) and (g): only lists that the issuer of the certificate signed, of each scope the one with the highest number. */
function newestOf(
  lists: readonly RevocationList[],
  issuer: TrustAnchor,
): readonly RevocationList[] {
  if (!maySignLists(issuer)) return []
  const newest = new Map<string, RevocationList>()
  for (const list of lists) {
    const known = newest.get(list.scope)
    const isNewer = known === undefined || isAfter(list, known)
    if (isNewer && isIssuedBy(list, issuer)) newest.set(list.scope, list)
  }
  return [...newest.values()]
}

function isAfter(left: RevocationList, right: RevocationList): boolean {
  if (left.number !== right.number) return left.number > right.number
  return Temporal.Instant.compare(left.crl.thisUpdate, right.crl.thisUpdate) > 0
}

/** (f): keyUsage, where it is there, has cRLSign. */
function maySignLists({ certificate }: TrustAnchor): boolean {
  const usage = certificate && readExtension(certificate.extensions, 'keyUsage')
  return usage === undefined || usage.includes('cRLSign')
}

function isIssuedBy(list: RevocationList, { publicKey, certificate }: TrustAnchor): boolean {
  const wanted = readExtension(list.crl.extensions, 'authorityKeyIdentifier')?.keyIdentifier
  const own = certificate && readExtension(certificate.extensions, 'subjectKeyIdentifier')
  if (wanted !== undefined && own !== undefined && !sameBytes(wanted, own)) return false
  return list.isSignedBy(publicKey)
}

/** (c) and (h): the newest delta of the same issuer and scope that goes with this complete list; section 5.2.4. */
function deltaFor(
  complete: RevocationList,
  lists: readonly RevocationList[],
  issuer: TrustAnchor,
): RevocationList | undefined {
  const fitting = lists.filter(
    ({ scope, base, number }) =>
      base !== undefined &&
      scope === complete.scope &&
      base <= complete.number &&
      number > complete.number,
  )
  return newestOf(fitting, issuer)[0]
}

/**
 * (i) to (k): what the delta says comes first; what it takes off the list is not revoked. One that is past its end
 * takes nothing off any more, but what it says against a certificate counts.
 */
function entryIn(
  complete: RevocationList,
  delta: RevocationList | undefined,
  fresh: RevocationList | undefined,
  serialNumber: Uint8Array,
): ListEntry | undefined {
  const changed = delta?.find(serialNumber)
  if (changed?.reason !== removeFromCrl) return changed ?? complete.find(serialNumber)
  return fresh === undefined ? complete.find(serialNumber) : undefined
}

function whyUnknown(
  own: readonly RevocationList[],
  covered: ReadonlySet<ReasonFlagName>,
  { issuer, certificate }: StatusQuestion,
): string {
  if (own.length === 0) return 'there is no list of its issuer'
  if (!maySignLists(issuer)) return 'its issuer may sign no lists (keyUsage)'
  if (covered.size > 0)
    return `no list speaks of ${allReasons.filter((reason) => !covered.has(reason)).join(', ')}`
  const speaking = own.filter((list) => reasonsCovered(list, certificate).length > 0)
  return speaking.length === 0
    ? 'no list of its issuer speaks of it: the one that its distribution point names is missing'
    : 'its issuer did not sign the list with the key that is known'
}
