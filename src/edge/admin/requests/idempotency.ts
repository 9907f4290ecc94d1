// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { Operation } from '#format/admin/operation.ts'
import { sameSecret, sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { limits } from '../limits.ts'

/** Whether a repetition with the same `Idempotency-Key` gets the answer again. */
export function isKeyed({ method, kind, ofTheMoment }: Operation): boolean {
  return method === 'POST' && kind === 'plain' && ofTheMoment !== true
}

interface Remembered {
  readonly inputSha256: Uint8Array
  readonly at: Temporal.Instant
  readonly answer: Promise<unknown>
}

/**
 * Answers that a repeated POST with the same `Idempotency-Key` gets again.
 *
 * Kept in memory only, for a bounded time and number: some answers hold a secret that is shown once
 * (a code, a link) and must not be written down. After a restart a repetition is a new request, and
 * what cannot stand twice is refused as existing.
 *
 * @see draft-ietf-httpapi-idempotency-key-header-07
 */
export class RememberedAnswers {
  readonly #remembered = new Map<string, Remembered>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Does the work, or gives the answer that the same key of the same caller got; refusals are not kept. */
  async once(
    key: { readonly caller: string; readonly operation: string; readonly key: string },
    input: unknown,
    work: () => Promise<unknown>,
    isKept: (answer: unknown) => boolean,
  ): Promise<unknown | Refused> {
    this.#forgetOld()
    const name = JSON.stringify([key.caller, key.operation, key.key])
    const inputSha256 = sha256(new TextEncoder().encode(JSON.stringify(input)))
    const before = this.#remembered.get(name)
    if (before !== undefined) {
      return sameSecret(before.inputSha256, inputSha256)
        ? before.answer
        : refuse('conflict', 'this Idempotency-Key was used with another body')
    }
    const answer = work()
    this.#remembered.set(name, { inputSha256, at: this.#clock.now(), answer })
    let kept = false
    try {
      kept = isKept(await answer)
    } finally {
      if (!kept) this.#remembered.delete(name)
    }
    return answer
  }

  /** The map is in order of time: the oldest stand first. */
  #forgetOld(): void {
    const end = this.#clock.now().subtract({ minutes: limits.rememberedAnswerMinutes })
    for (const [name, { at }] of this.#remembered) {
      const isOld = Temporal.Instant.compare(at, end) <= 0
      if (!isOld && this.#remembered.size < limits.rememberedAnswers) break
      this.#remembered.delete(name)
    }
  }
}
