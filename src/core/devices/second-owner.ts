// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { Key } from '../ledger/tables.ts'

/**
 * What showed that the private key is held just now. Only this may harm the one that had the key first: a request
 * says that it was signed once, and by whom it is sent now it does not say.
 *
 * `connection`: the TLS connection to us proved a certificate with this key. `request`: the key signed the value of
 * this very connection (RFC 9266). `challenge`: a TPM answered a nonce of ours with it.
 */
export type LiveProof = 'connection' | 'request' | 'challenge'

/** A key that has one owner, shown for another; the other one is refused, whatever it proved. */
export interface SecondOwner {
  readonly key: Key
  /** The id of who asked, as its own proof said. */
  readonly stranger: string
  /** By what the stranger proved who it is. */
  readonly proof: string
  /** By what it proved that it holds the key; undefined: by nothing that is new. */
  readonly live: LiveProof | undefined
  readonly source: string
}

/** Who draws the consequences. */
export interface SecondOwners {
  /** MUST NOT reject, and MUST leave the holder alone where nothing is live. */
  tell(second: SecondOwner): Promise<void>
}

/** Whether a maker that is believed here says that a TPM is one; from the facts of a session or an attestation. */
export function isVouchedFor(facts: Readonly<Record<string, unknown>>): boolean {
  return typeof facts['vouchedBy'] === 'string'
}

/** Two with one key: either a line makes them so, or somebody has stolen one. */
export function keyConflict(
  { key, stranger, proof, live, source }: SecondOwner,
  at: Temporal.Instant,
): AuditEvent {
  const kind = stranger.startsWith('app_') ? 'application' : 'device'
  return {
    ...{ type: 'key-conflict', at, actor: { kind, id: stranger } },
    subjects: [key.id, key.owner, stranger],
    facts: { source, proof, live: live ?? null },
  }
}
