// SPDX-License-Identifier: Apache-2.0
/** Asks a time-stamp authority of somebody else. RFC 3161 section 3.4. */
import type { Clock, Randomness } from '#core/ports.ts'
import type { StampRefused } from '#core/time-stamps/refusals.ts'
import type { Stamped, StampSource } from '#core/time-stamps/stamp-source.ts'
import { askStranger } from '#edge/http/ask-stranger.ts'
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeTimeStampRequest } from '#format/time-stamp/request.ts'
import { parseTimeStampResponse } from '#format/time-stamp/response.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { digestIdentifier } from '#trust/cms/digests.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyTimeStamp } from '#trust/time-stamp/verify-time-stamp.ts'

export interface TimeStampAuthority {
  /** Plain HTTP is as good as TLS: a token proves itself. */
  readonly url: URL
  /** That its signer has to lead to. */
  readonly roots: readonly Certificate[]
}

const patienceMilliseconds = 15_000
/** A token with a chain of RSA certificates has some 6 kB. */
const mostBytes = 131_072

/**
 * How far the clock of who stamps may be from ours. A token from long before would say that a signature was there when it
 * was not; one from long after would have devices believe that their own clocks are wrong.
 */
const widestGap = Temporal.Duration.from({ minutes: 10 })

/** Whoever asks waits for the network: a release is signed once. */
export class AskedTimeStamps implements StampSource {
  readonly #authority: TimeStampAuthority
  readonly #random: Randomness
  readonly #clock: Clock

  constructor(authority: TimeStampAuthority, random: Randomness, clock: Clock) {
    this.#authority = authority
    this.#random = random
    this.#clock = clock
  }

  async stamp(signature: Uint8Array): Promise<Stamped | StampRefused> {
    const nonce = this.#random.bytes(16)
    // Positive and minimal, as DER has it.
    nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
    const query = encodeTimeStampRequest({
      messageImprint: {
        hashAlgorithm: digestIdentifier('sha256'),
        hashedMessage: sha256(signature),
      },
      ...{ policy: undefined, nonce, wantsCertificate: true },
    })
    const answered = await askStranger({
      url: this.#authority.url,
      body: { mediaType: 'application/timestamp-query', bytes: query },
      ...{ patienceMilliseconds, mostBytes },
    })
    if (typeof answered === 'string') return this.#missing(answered)
    const token = readToken(answered)
    if (typeof token === 'string') return this.#missing(token)
    const { roots } = this.#authority
    const proved = await verifyTimeStamp({ token, over: signature, roots, others: [] })
    if (proved.kind === 'refused') return this.#missing(proved.detail)
    // Else an old answer could be played again, and say that something was there before.
    if (proved.info.nonce === undefined || !sameBytes(proved.info.nonce, nonce))
      return this.#missing('its time-stamp is not the answer to this question')
    const at = proved.info.genTime
    const now = this.#clock.now()
    if (Temporal.Duration.compare(now.since(at).abs(), widestGap) > 0)
      return this.#missing(`its clock says ${at}, ours ${now}: one of them is wrong`)
    return { kind: 'stamped', token, at }
  }

  #missing(why: string): StampRefused {
    return refuse('stamper-missing', `${this.#authority.url.host} gave no time-stamp: ${why}`)
  }
}

function readToken(answer: Uint8Array): Uint8Array | string {
  try {
    const read = parseTimeStampResponse(answer)
    if (read.kind === 'granted') return read.token
    return `it refused (${read.failure ?? 'without a reason'})`
  } catch (error) {
    if (error instanceof FormatError) return 'its answer is none of RFC 3161'
    throw error
  }
}
