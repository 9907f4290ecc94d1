// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Device } from '../ledger/tables.ts'

/**
 * News of committed changes, as they happen, on any node.
 *
 * A subscription holds from the call on, not from the first `next()`. A reader that is too slow MAY
 * miss events but MUST get at least one after the last that it missed, so that who looks at the
 * ledger after each event ends up with the truth.
 */
export interface Changes {
  /**
   * Events about a record, until the signal aborts; then the iteration ends. A null stands for those
   * of other nodes that may have been missed.
   */
  subscribe(
    filter: { readonly subject: string },
    until: AbortSignal,
  ): AsyncIterable<AuditEvent | null>
}

export interface Sighting {
  /** The device as it is now. */
  readonly device: Device
  /** What happened; null for how things stand at the beginning, or after something was missed. */
  readonly event: AuditEvent | null
}

/** How a device stands, and then each change, until the signal aborts. */
export async function* watchDevice(
  device: string,
  until: AbortSignal,
  ports: { readonly ledger: Ledger; readonly changes: Changes },
): AsyncGenerator<Sighting> {
  // Subscribed before looking, so that nothing falls between.
  const events = ports.changes.subscribe({ subject: device }, until)
  const first = await ports.ledger.read('device', device)
  if (first === undefined) return
  yield { device: first, event: null }
  for await (const event of events) {
    const now = await ports.ledger.read('device', device)
    if (now === undefined) return
    yield { device: now, event }
  }
}
