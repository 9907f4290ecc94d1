// SPDX-License-Identifier: Apache-2.0
import { parseStatusFile } from '#format/compact-status/status-file.ts'
import { FormatError } from '#format/format-error.ts'
import { openStatusFile, type TrustedStatusFile } from '../compact-status/open-status-file.ts'
import { compactSource } from '../peer/compact-source.ts'
import { crlSource } from '../peer/crl/crl-source.ts'
import { type RevocationList, readRevocationList } from '../peer/crl/revocation-list.ts'
import type { StatusRule } from '../peer/status-rule.ts'
import { refuse } from '../refusal.ts'
import type { TrustAnchor } from '../trust-anchor.ts'
import { anchorsOf } from './anchors-of.ts'
import type { ArtefactRefused } from './refusal.ts'
import { later, presentOf } from './time-for.ts'
import type { DeviceTrust } from './verdict.ts'

/** What a device holds of revocation, as it lies in its files. */
export interface HeldStatus {
  /** A compact status file; absent: it has none. */
  readonly statusFile?: Uint8Array | undefined
  /** Revocation lists, PEM or DER. */
  readonly lists: readonly Uint8Array[]
  /** What is done about a signer of whom neither knows anything, or anything fresh. */
  readonly whenUnknown: StatusRule['whenUnknown']
}

export interface ReadStatus {
  readonly kind: 'status'
  readonly rule: StatusRule
  /** The moment that a believed status file was made at: surely over. */
  readonly madeAt: Temporal.Instant | undefined
}

/**
 * Makes a device's rule of revocation from its files. One that it holds and cannot believe is refused: to go on
 * without it would be what a thief of the signer's key wants.
 */
export function readHeldStatus(
  held: HeldStatus,
  trust: Pick<DeviceTrust, 'roots' | 'now' | 'seen'>,
): ReadStatus | ArtefactRefused {
  const lists: RevocationList[] = []
  for (const bytes of held.lists) {
    const list = listIn(bytes)
    if ('reason' in list) return list
    lists.push(list)
  }
  let file: TrustedStatusFile | undefined
  if (held.statusFile !== undefined) {
    const anchors = anchorsOf(trust.roots)
    if ('reason' in anchors) return anchors
    const opened = openHeld(held.statusFile, anchors, trust)
    if ('reason' in opened) return opened
    file = opened
  }
  const sources = [
    ...(file === undefined ? [] : [compactSource(() => file)]),
    ...(lists.length === 0 ? [] : [crlSource(() => lists)]),
  ]
  const { whenUnknown } = held
  return {
    kind: 'status',
    rule: { sources, whenUnknown, scope: 'path' },
    madeAt: file?.file.madeAt,
  }
}

function listIn(bytes: Uint8Array): RevocationList | ArtefactRefused {
  try {
    return readRevocationList(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'status-unknown',
      `a revocation list that the device holds does not read: ${error.message}`,
    )
  }
}

/** Stale files are opened, too: what they say against a signer counts, and only their "good" goes stale. */
function openHeld(
  bytes: Uint8Array,
  anchors: readonly TrustAnchor[],
  trust: Pick<DeviceTrust, 'now' | 'seen'>,
): TrustedStatusFile | ArtefactRefused {
  const madeAt = madeAtOf(bytes)
  if ('reason' in madeAt) return madeAt
  // Without a clock the file is judged as of the moment that it says itself, and never before what was seen.
  const at = presentOf(trust) ?? later(trust.seen, madeAt)
  const opened = openStatusFile(bytes, { anchors, at, ifStale: 'use' })
  return opened.kind === 'refused' ? opened : opened.trusted
}

function madeAtOf(bytes: Uint8Array): Temporal.Instant | ArtefactRefused {
  try {
    return parseStatusFile(bytes).madeAt
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'status-unknown',
      `the status file that the device holds does not read: ${error.message}`,
    )
  }
}
