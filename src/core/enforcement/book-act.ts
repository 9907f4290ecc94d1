// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import { newId } from '../ledger/ids.ts'
import type { RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** An act as it was asked, and what it means. */
export interface Act {
  readonly act: RevocationRecord['act']
  readonly chosen: RevocationRecord['chosen']
  readonly reason: string
  readonly because: string
  /** The ids of the certificates that it means, in any order. */
  readonly certificates: readonly string[]
  /** The id of who asks. */
  readonly by: string
  readonly at: Temporal.Instant
}

/** The record of an act that nobody else has to approve, in force as soon as it is committed. */
export function effectiveAct(
  act: Act,
  ports: { readonly clock: Clock; readonly random: Randomness },
): RevocationRecord {
  const total = act.certificates.length
  return {
    ...{ id: newId('revocation', ports), version: 1, act: act.act, chosen: act.chosen },
    ...{ reason: act.reason, because: act.because, total, done: total },
    ...{ setSha256: digestOfSet(act.certificates), state: 'effective' },
    ...{ requestedBy: act.by, requestedAt: act.at, decidedBy: act.by, decidedAt: act.at },
    ...{ effectiveAt: act.at, publishedAt: null, releasedBy: null, releasedAt: null },
  }
}

/** SHA-256 over the sorted ids, a line feed after each: the same certificates, the same digest. */
export function digestOfSet(ids: readonly string[]): Uint8Array {
  return sha256(
    new TextEncoder().encode(
      ids
        .toSorted()
        .map((id) => `${id}\n`)
        .join(''),
    ),
  )
}
