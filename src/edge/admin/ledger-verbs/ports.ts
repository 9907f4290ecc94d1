// SPDX-License-Identifier: Apache-2.0
import type { Changes } from '#core/devices/watch.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Key } from '#core/ledger/tables.ts'
import type { Attempts } from '#core/people/attempts.ts'
import type { PassphraseHasher } from '#core/people/passphrase.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { EventView } from '#format/admin/views.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'

/** What happened, for who looks at one record. */
export interface History {
  /** The latest events about a record, newest first, at most `limit`. */
  about(subject: string, limit: number): Promise<readonly EventView[]>
}

export interface LedgerVerbPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly hasher: PassphraseHasher
  readonly attempts: Attempts
  readonly changes: Changes
  readonly history: History
  /** Of this installation, fixed at birth. */
  readonly environment: Key['environment']
  /** Keys that are known to be weak: nobody may speak here with one. */
  readonly keyLists: KeyLists
}
