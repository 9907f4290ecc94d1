// SPDX-License-Identifier: Apache-2.0
import type { Upstream, UpstreamOrder } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import type { ReadyUpstream } from './ready-upstream.ts'

/** What came of asking an upstream for a certificate. `words` are its own, for operators alone. */
export type Heard =
  /** DER, in any order: ours is known by its key, the rest may stand above it. */
  | { readonly kind: 'certificates'; readonly certificates: readonly Uint8Array[] }
  /** It works on it; ask again no sooner. `transaction` is how it calls it from now on. */
  | {
      readonly kind: 'waiting'
      readonly retryAfterSeconds: number | undefined
      readonly transaction?: string
      readonly words: string
    }
  /** It said no for good, and signed nothing. */
  | { readonly kind: 'turned-down'; readonly words: string }
  /** It cannot have heard of the request. */
  | { readonly kind: 'unreached'; readonly words: string }
  /** It may have heard, and may have signed. */
  | { readonly kind: 'unknown'; readonly words: string }

/** What came of asking an upstream to revoke. */
export type RevocationHeard =
  | { readonly kind: 'revoked' }
  /** Its protocol has no such question: a person has to revoke there. */
  | { readonly kind: 'not-offered' }
  | { readonly kind: 'failed'; readonly words: string }

/** What an upstream says of itself. */
export interface UpstreamSays {
  readonly kind: 'says'
  /** DER of its authorities; none where its protocol does not tell. */
  readonly authorities: readonly Uint8Array[]
  /** Name -> value of whatever else is worth showing; never a secret. */
  readonly facts: Readonly<Record<string, string>>
}

export interface Errand {
  readonly upstream: Upstream
  readonly order: UpstreamOrder
  /**
   * Keeps how the upstream calls the order. Resolves when that is durable: whatever may make it sign MUST
   * come after.
   */
  note(transaction: string): Promise<void>
}

/**
 * The way to authorities of others.
 *
 * `ask` MUST say `unreached` or `turned-down` only where nothing can have been signed, and `unknown`
 * wherever that is not sure, a time-out included. It MUST end soon after its signal, and sends the same
 * request, to the byte, however often it is called for one order.
 */
export interface UpstreamDesk {
  ask(errand: Errand, signal: AbortSignal): Promise<Heard>
  /** @param reason CRLReason, RFC 5280 section 5.3.1 */
  revoke(
    upstream: Upstream,
    certificate: Uint8Array,
    reason: number,
    signal: AbortSignal,
  ): Promise<RevocationHeard>
  /** Reaches it and asks what it says of itself. */
  examine(upstream: Upstream, signal: AbortSignal): Promise<UpstreamSays | Refused>
}

/** What core needs to have certificates signed by others. */
export interface UpstreamPorts {
  readonly desk: UpstreamDesk
  /** The upstream of this id as it is in memory now. */
  ready(id: string): ReadyUpstream | undefined
  /** Aborts after so many milliseconds. */
  within(milliseconds: number): AbortSignal
  /** Hears how an upstream is: undefined: it answered. MUST NOT throw. */
  noteHealth(upstream: Upstream, trouble: UpstreamTrouble | undefined): Promise<void>
}

export interface UpstreamTrouble {
  readonly kind: 'unreachable' | 'outcome-unknown' | 'answer-refused' | 'revoke-by-hand'
  /** The certificate that it is about; for what needs a person. */
  readonly certificate?: string
  readonly words: string
}
