// SPDX-License-Identifier: Apache-2.0
import { lineDigest } from '#core/ceremony/check-transcript.ts'
import type { Participant } from '#core/ceremony/script.ts'
import type { Clock } from '#core/ports.ts'
import { append } from '#edge/ceremony/files.ts'
import {
  encodeTranscriptEntry,
  type TranscriptEntry,
  type TranscriptWord,
} from '#format/ceremony/transcript.ts'

/** Writes the transcript while a ceremony goes on: each line is on disk before the next thing happens. */
export class Minutes {
  readonly #path: string
  readonly #clock: Clock
  readonly #lines: string[] = []
  #head: string
  #latest = ''

  /** @param previous the head of the act before; empty for the first */
  constructor(path: string, previous: string, clock: Clock) {
    this.#path = path
    this.#head = previous
    this.#clock = clock
  }

  async note(
    step: string,
    what: TranscriptWord,
    facts: TranscriptEntry['facts'],
    by: readonly Participant[] = [],
  ): Promise<void> {
    const line = encodeTranscriptEntry({
      ...{ number: this.#lines.length + 1, at: this.#now(), step, what, facts },
      by: by.map(({ role, name }) => ({ role, name })),
      previous: this.#head,
    })
    await append(this.#path, new TextEncoder().encode(`${line}\n`))
    this.#lines.push(line)
    this.#head = lineDigest(line)
  }

  /** A clock that was set back during the day does not make the record go back. */
  #now(): string {
    const now = this.#clock.now().toString({ fractionalSecondDigits: 3 })
    if (now > this.#latest) this.#latest = now
    return this.#latest
  }

  get head(): string {
    return this.#head
  }

  get bytes(): Uint8Array {
    return new TextEncoder().encode(this.#lines.map((line) => `${line}\n`).join(''))
  }
}
