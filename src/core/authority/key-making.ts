// SPDX-License-Identifier: Apache-2.0
import type { KeyMaking as Statement } from '#format/est/key-making.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Key } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** What the first request for a key says of how it was made. */
export interface SaidMaking {
  readonly statement: Statement
  /** The same as it was signed. */
  readonly der: Uint8Array
}

/** Booked with the key itself: what is said of a key that is known already changes nothing. */
export function makingPut(
  key: Key,
  { statement, der }: SaidMaking,
  ports: { readonly clock: Clock; readonly random: Randomness },
): Put {
  const { source, client, tests, kernelReady, firmware } = statement
  return {
    kind: 'keyMaking',
    record: {
      ...{ id: newId('keyMaking', ports), version: 1, key: key.id, owner: key.owner },
      ...{ source, client, firmware: firmware ?? null, kernelReady: kernelReady ?? null },
      mode: tests === undefined ? 'conditioned' : 'raw',
      result: tests === undefined ? 'not-testable' : 'passed',
      statement: der,
      at: ports.clock.now(),
    },
  }
}
