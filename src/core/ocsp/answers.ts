// SPDX-License-Identifier: Apache-2.0

/** A signed answer, ready to be sent. */
export interface Answer {
  /** OCSPResponse, DER. */
  readonly der: Uint8Array
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
  /** `nextUpdate` once more, Unix time. */
  readonly endsAtMilliseconds: number
  /** From when on it is to be made anew. */
  readonly refreshAtMilliseconds: number
}

/** How much is kept at most. */
export interface AnswerLimits {
  readonly entries: number
  readonly bytes: number
}

/**
 * On a machine at rest with 180 MB: 50,000 answers with P-256, or 4,000 with ML-DSA-65. Of more certificates
 * than that the ones asked for last are kept, and all others signed when they are asked for.
 */
export const answerLimits: AnswerLimits = { entries: 50_000, bytes: 48 * 1024 * 1024 }

/** What an answer takes besides its bytes: its key, its times, its places in maps. */
const besideBytes = 400

/** What is known of one certificate: the answers under each naming of its issuer. */
type Entry = (Answer | undefined)[]

interface Half {
  readonly entries: Map<string, Entry>
  answers: number
  bytes: number
}

/**
 * The answers that somebody asked for, in bounded memory.
 *
 * Two halves: what is asked for moves into the young one; when that is full, the old one is forgotten, and the
 * young one grows old. So whatever is asked for now and then stays, and a look-up of the usual kind
 * moves nothing.
 */
export class Answers {
  readonly #limits: AnswerLimits
  #young = emptyHalf()
  #old = emptyHalf()

  constructor(limits: AnswerLimits = answerLimits) {
    this.#limits = limits
  }

  /** Answers that are kept, and the bytes that they take. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return {
      entries: this.#young.answers + this.#old.answers,
      bytes: this.#young.bytes + this.#old.bytes,
    }
  }

  /** @param key of the certificate, see `answerKey` */
  get(key: string, naming: number): Answer | undefined {
    const young = this.#young.entries.get(key)?.[naming]
    if (young !== undefined) return young
    const old = this.#old.entries.get(key)?.[naming]
    if (old !== undefined) {
      drop(this.#old, key, naming)
      this.set(key, naming, old)
    }
    return old
  }

  set(key: string, naming: number, answer: Answer): void {
    drop(this.#old, key, naming)
    drop(this.#young, key, naming)
    const cost = costOf(answer)
    const { entries, bytes } = this.#limits
    if (this.#young.answers + 1 > entries / 2 || this.#young.bytes + cost > bytes / 2) {
      this.#old = this.#young
      this.#young = emptyHalf()
    }
    const half = this.#young
    const entry = half.entries.get(key) ?? []
    entry[naming] = answer
    half.entries.set(key, entry)
    half.answers++
    half.bytes += cost
  }

  /** Forgets all that was said of a certificate. */
  forget(key: string): void {
    for (const half of [this.#young, this.#old]) {
      const entry = half.entries.get(key)
      entry?.forEach((_, naming) => {
        drop(half, key, naming)
      })
    }
  }

  forgetAll(): void {
    this.#young = emptyHalf()
    this.#old = emptyHalf()
  }
}

/** By what a certificate is known here: its authority's id, and its serial number's content octets. */
export function answerKey(authority: string, serialNumber: Uint8Array): string {
  return `${authority} ${serialNumber.toHex()}`
}

function emptyHalf(): Half {
  return { entries: new Map(), answers: 0, bytes: 0 }
}

function drop(half: Half, key: string, naming: number): void {
  const entry = half.entries.get(key)
  const answer = entry?.[naming]
  if (entry === undefined || answer === undefined) return
  delete entry[naming]
  half.answers--
  half.bytes -= costOf(answer)
  if (entry.every((one) => one === undefined)) half.entries.delete(key)
}

function costOf({ der }: Answer): number {
  return der.length + besideBytes
}
