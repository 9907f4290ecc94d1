// SPDX-License-Identifier: Apache-2.0
/** For applications: whether to believe a peer with what is at hand, asking no server. */
import { parseOidText } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { longestChain } from '#format/x509/chain-text.ts'
import { checkLeafPurpose, type Purpose } from '../path/purpose.ts'
import { type ValidPath, validatePath } from '../path.ts'
import { refuse } from '../refusal.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import {
  checkPeer,
  type FactPlaces,
  factsOf,
  type PeerFacts,
  usualPlaces,
  type WantedPeer,
} from './peer-facts.ts'
import type { PeerRefused } from './refusal.ts'
import { checkStatus, type StatusRule, type StatusVerdict } from './status-rule.ts'

export interface PeerQuestion {
  /** DER, the leaf first, as TLS gave it; the peer has proved that it holds the leaf's key. */
  readonly chain: readonly Uint8Array[]
  readonly anchors: readonly TrustAnchor[]
  /** Authorities that are known anyhow, and are needed where a peer sends its leaf alone. */
  readonly intermediates?: readonly Certificate[]
  readonly at: Temporal.Instant
  /** An application that connects shows clientAuth as a device does: what is `wanted` tells them apart. */
  readonly purpose: Extract<Purpose, 'device' | 'client' | 'server'>
  /**
   * Whether a device's certificate will do that does not say what it is for, as birth certificates do not: those are
   * accepted only to enrol, have no end, and stand on no list. Absent: no.
   */
  readonly acceptsBirth?: boolean
  /** Certificate policies of which the path must assert one, as numbers with dots; absent: none is asked. */
  readonly policies?: readonly string[]
  readonly wanted?: WantedPeer
  /** Where the facts stand in the subject; absent: as the ready profiles write them. */
  readonly places?: FactPlaces
  /** There is no default: what happens when nothing is known of revocations is the maker's decision. */
  readonly status: StatusRule | 'dangerouslyUnchecked'
}

export interface TrustedPeer {
  readonly kind: 'trusted'
  readonly facts: PeerFacts
  /** Of the leaf, and where it is weaker of any authority above it. */
  readonly status: StatusVerdict
  readonly path: ValidPath
}

/**
 * Whether to believe a peer: path to an anchor, purpose, time, policy, then revocation, then whom is expected.
 *
 * @returns the facts of a peer that is trusted, or the first reason why not; never a mere yes
 */
export async function verifyPeer(question: PeerQuestion): Promise<TrustedPeer | PeerRefused> {
  const shown = readChain(question.chain)
  if ('reason' in shown) return shown
  const [leaf, ...others] = shown
  if (leaf === undefined) return refuse('certificate-malformed', 'there is no certificate')
  const valid = validatePath({
    leaf,
    intermediates: [...others, ...(question.intermediates ?? [])],
    ...{ anchors: question.anchors, at: question.at, purpose: question.purpose },
    ...(question.policies !== undefined && { policies: askedPolicies(question.policies) }),
  })
  if (valid.kind === 'refused') return valid
  const birth = question.acceptsBirth === true ? undefined : refuseBirth(leaf, question.purpose)
  if (birth !== undefined) return birth
  const { path } = valid
  const status =
    question.status === 'dangerouslyUnchecked'
      ? ({ kind: 'unchecked' } as const)
      : await checkStatus(path, question.at, question.status)
  if (status.kind === 'refused') return status
  const facts = factsOf(leaf, question.places ?? usualPlaces)
  const no = checkPeer(question.wanted ?? {}, facts, leaf)
  return no ?? { kind: 'trusted', facts, status, path }
}

/** Of the purposes only `device` passes what says nothing; whatever says what it is for was judged on the path. */
function refuseBirth(leaf: Certificate, purpose: PeerQuestion['purpose']): PeerRefused | undefined {
  const says = purpose !== 'device' || checkLeafPurpose(leaf, 'client') === undefined
  return says
    ? undefined
    : refuse(
        'certificate-wrong-purpose',
        'it does not say what it is for, as birth certificates do not, which are accepted only to enrol',
      )
}

function askedPolicies(policies: readonly string[]) {
  return { acceptable: policies.map(parseOidText), requireExplicitPolicy: true }
}

/** Strangers choose how many they send, and what: each has its parser's budget, all together the path's. */
function readChain(chain: readonly Uint8Array[]): readonly Certificate[] | PeerRefused {
  if (chain.length > longestChain)
    return refuse(
      'path-too-long',
      `${chain.length} certificates were shown, at most ${longestChain} are read`,
    )
  try {
    // A critical extension of a stranger is refused on the path, with better words than here.
    return chain.map((der) => parseCertificate(der, { unknownCritical: 'keep' }))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('certificate-malformed', `a certificate does not read: ${error.message}`)
  }
}
