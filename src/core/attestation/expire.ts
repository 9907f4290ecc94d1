// SPDX-License-Identifier: Apache-2.0
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Clock } from '../ports.ts'

/** Rows in one commit. */
const batch = 200

/**
 * Closes exchanges that were never ended: what they kept of the secret goes, and their tokens open nothing.
 *
 * An expired one is refused anyway; its row stays, to be taken by the device's next.
 *
 * @returns how many there were
 */
export async function expireSessions({
  ledger,
  clock,
}: {
  readonly ledger: Ledger
  readonly clock: Clock
}): Promise<number> {
  let count = 0
  for (;;) {
    const query = { by: 'state', equal: ['open'], below: clock.now(), limit: batch } as const
    const { items } = await ledger.list('attestationSession', query)
    if (items.length === 0) return count
    let closed = 0
    for (const session of items) {
      const over = { state: 'over', secretSha256: new Uint8Array() } as const
      const record = { ...session, ...over, version: session.version + 1 }
      const put: Put = { kind: 'attestationSession', record }
      // One at a time: a device that begins anew at this moment keeps its new row.
      if ((await ledger.commit({ puts: [put], events: [] })).kind === 'committed') closed++
    }
    if (closed === 0) return count
    count += closed
  }
}
