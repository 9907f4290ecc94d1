// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Release, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { raisingLine } from '../releases/security-version.ts'

/** A signature over a digest that was made, on its way into the ledger. */
export interface DigestBooking {
  /** As it was when it was judged. */
  readonly release: Release
  readonly record: SignedArtefactRecord
  readonly event: AuditEvent
}

export type DigestBooked =
  | { readonly kind: 'booked' }
  /** Whoever made it at the same moment is believed instead. */
  | { readonly kind: 'there'; readonly record: SignedArtefactRecord }
  | Refused

interface BookingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

interface Waiting {
  readonly booking: DigestBooking
  readonly resolve: (booked: DigestBooked) => void
  readonly reject: (cause: unknown) => void
}

/** The states in which digests of a release are signed. */
export const signableStates: readonly Release['state'][] = ['approved', 'signed', 'published']
/** Other nodes count the release up, too. */
const mostTries = 16
/** In one commit. */
const mostTogether = 64

/**
 * Books the signatures that a build asks for side by side: each counts its release up, so that by themselves they
 * would refuse one another. Those that come while others are written are written next, in one commit.
 */
export class DigestBookings {
  readonly #waiting = new Map<string, Waiting[]>()

  /** Resolves when it is durable. @throws Fault as the ledger does */
  book(booking: DigestBooking, ports: BookingPorts): Promise<DigestBooked> {
    return new Promise((resolve, reject) => {
      const { id } = booking.release
      const one = { booking, resolve, reject }
      const before = this.#waiting.get(id)
      if (before !== undefined) return void before.push(one)
      const waiting = [one]
      this.#waiting.set(id, waiting)
      void this.#bookAll(id, waiting, ports)
    })
  }

  async #bookAll(id: string, waiting: Waiting[], ports: BookingPorts): Promise<void> {
    while (waiting.length > 0) {
      const taken = waiting.splice(0, mostTogether)
      try {
        const booked = await bookTogether(
          id,
          taken.map(({ booking }) => booking),
          ports,
        )
        for (const { booking, resolve, reject } of taken) {
          const answer = booked.get(booking)
          if (answer === undefined) reject(new TypeError('a booking without an outcome'))
          else resolve(answer)
        }
      } catch (cause) {
        for (const { reject } of taken) reject(cause)
      }
    }
    this.#waiting.delete(id)
  }
}

/** All in one commit, or, where one of them stands in the way, each by itself. */
async function bookTogether(
  id: string,
  bookings: readonly DigestBooking[],
  ports: BookingPorts,
): Promise<ReadonlyMap<DigestBooking, DigestBooked>> {
  const { ledger } = ports
  const booked = new Map<DigestBooking, DigestBooked>()
  let [tried, isAlone] = [0, false]
  for (let isFirst = true; ; isFirst = false) {
    const now = await ledger.read('release', id)
    for (const one of bookings) {
      if (booked.has(one)) continue
      const there = isFirst ? undefined : await thereOf(one, ledger)
      if (there !== undefined) booked.set(one, { kind: 'there', record: there })
      else if (now?.revision !== one.release.revision || !signableStates.includes(now.state))
        booked.set(
          one,
          refuse('conflict', 'the release was changed while its digest was signed; look again'),
        )
    }
    // Of one name the first is written, and the others find it when they are looked at again.
    const left = [
      ...new Map(
        bookings.filter((one) => !booked.has(one)).map((one) => [one.record.name, one] as const),
      ).values(),
    ]
    if (now === undefined || left.length === 0) return booked
    const batch = isAlone ? left.slice(0, 1) : left
    const refused = await commit(now, batch, ports)
    if (refused === undefined) {
      for (const one of batch) booked.set(one, { kind: 'booked' })
      tried = 0
    } else if (refused.reason !== 'conflict' || tried++ === mostTries) {
      if (isAlone || batch.length === 1) {
        for (const one of batch) {
          const record = await thereOf(one, ledger)
          booked.set(one, record === undefined ? refused : { kind: 'there', record })
        }
      }
      isAlone = true
      tried = 0
    }
  }
}

async function commit(
  now: Release,
  batch: readonly DigestBooking[],
  ports: BookingPorts,
): Promise<Refused | undefined> {
  // The release counts up, too: whoever changes it at this moment is refused, and so are we if they came first.
  const counted: Put = { kind: 'release', record: { ...now, version: now.version + 1 } }
  // Devices that install it raise their counters, as with all that is signed.
  const line = await raisingLine(now, ports)
  if (line.kind === 'refused') return line
  const records = batch.map(({ record }): Put => ({ kind: 'signedArtefact', record }))
  const puts = [counted, line, ...records]
  return settle({ puts, events: batch.map(({ event }) => event) }, ports.ledger)
}

function thereOf({ record }: DigestBooking, ledger: Ledger) {
  return ledger.find('signedArtefact', 'name', [record.release, record.name])
}
