// SPDX-License-Identifier: Apache-2.0
import type { CertificationRequest } from '#format/x509/certification-request.ts'

/** A request whose signature was right, and that became no certificate. */
export interface RefusedRequest {
  readonly request: CertificationRequest
  /** The id of the device or application that asked. */
  readonly owner: string
}

/** Of one who asks, and of all, until they are booked: a minute's worth, some 2 kB each. */
const most = { ofOwner: 4, inAll: 2_000 } as const

/**
 * Requests that were refused, or wait for a person, after they had proved their possession: their signatures are
 * told by nothing that is kept, and are booked with the next look at nonces.
 *
 * In memory and within bounds: what is beyond them, and what a crash takes, is not looked at. What is booked of them
 * is bounded again (book-signatures.ts).
 */
export class RefusedSignatures {
  #waiting: RefusedRequest[] = []
  readonly #ofOwner = new Map<string, number>()
  #passedOver = 0

  /** Called on the way of every refused request: costs next to nothing. */
  note(request: CertificationRequest, owner: string): void {
    const before = this.#ofOwner.get(owner) ?? 0
    if (before >= most.ofOwner || this.#waiting.length >= most.inAll) {
      this.#passedOver++
      return
    }
    this.#ofOwner.set(owner, before + 1)
    this.#waiting.push({ request, owner })
  }

  /** All that waits, which is forgotten here. */
  take(): readonly RefusedRequest[] {
    const taken = this.#waiting
    this.#waiting = []
    this.#ofOwner.clear()
    return taken
  }

  /** How many there was no room for, since the start. */
  passedOver(): number {
    return this.#passedOver
  }
}
