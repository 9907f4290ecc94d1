// SPDX-License-Identifier: Apache-2.0
import type { Integration } from '../ledger/tables.ts'

/**
 * What is to become of the sessions of one owner of certificates.
 *
 * `bar`: they end, and none begins. `drop`: they end; one that is opened with a good certificate may come.
 * `admit`: sessions may begin, whatever was said before.
 */
export type Want = 'bar' | 'drop' | 'admit'

/** A certificate as those outside know it. */
export interface ShownCertificate {
  readonly id: string
  /** The exact bytes. */
  readonly der: Uint8Array
  readonly sha256: Uint8Array
  readonly serialNumber: Uint8Array
  /** Since when it is not to be believed; null: it is good. */
  readonly endedAt: Temporal.Instant | null
  /** CRLReason, RFC 5280 section 5.3.1. */
  readonly reason: number | null
}

export interface Wish {
  /** The id of the device, machine or person. */
  readonly owner: string
  readonly want: Want
  /** A device's printed serial; null for others. */
  readonly deviceSerial: string | null
  /** All that it could still show: signed, and not past their end. */
  readonly certificates: readonly ShownCertificate[]
}

/** Some of the owners of one act, to be told in one message. */
export interface Batch {
  /** The same for a repetition of the same batch. */
  readonly id: string
  readonly act: 'end' | 'restore'
  /** The act of a person that it carries out; null where the integration is brought up to date. */
  readonly revocation: { readonly id: string; readonly reason: string } | null
  readonly wishes: readonly Wish[]
}

/** What became of a batch. Words hold no secret: people read them in lists. */
export type Enforced =
  /** Every wish of it is fulfilled there. */
  | {
      readonly kind: 'enforced'
      readonly sessionsEnded: number
      /** Whether that is all of them; false: it does not tell, or not surely. */
      readonly isCounted: boolean
    }
  /** It said no, or something else than a yes, to this batch. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** It did not answer: nothing else could be told either. */
  | { readonly kind: 'down'; readonly detail: string }

/** What an integration says of itself when it is tried; never a secret. */
export type Examined =
  | { readonly kind: 'well'; readonly facts: Readonly<Record<string, string>> }
  | { readonly kind: 'down'; readonly detail: string }

/**
 * The way to brokers, proxies and programs of the maker.
 *
 * Both MUST end soon after their signal, and MUST NOT throw for what the other side does. `enforce` MUST say
 * `enforced` only where the other side confirmed all of it; the same batch may come again.
 */
export interface IntegrationDesk {
  enforce(integration: Integration, batch: Batch, signal: AbortSignal): Promise<Enforced>
  examine(integration: Integration, signal: AbortSignal): Promise<Examined>
}
