// SPDX-License-Identifier: Apache-2.0
import { oid } from '#format/der/oid.ts'
import type { TimeStampRequest } from '#format/time-stamp/request.ts'
import { digestIdentifier, findDigest } from '#trust/cms/digests.ts'
import { sha256 } from '#trust/digest.ts'
import { digestOctets } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import { planTimeStamp } from '#trust/time-stamp/plan-time-stamp.ts'
import type { ClockGuard } from '../authority/clock-guard.ts'
import type { OwnSignerPorts } from '../authority/make-own-signer.ts'
import { SigningBudget, signingPrice } from '../authority/signing-budget.ts'
import { Fault } from '../fault.ts'
import type { Refused } from '../refusal.ts'
import { findStamper, type Stamper } from './find-stamper.ts'
import { makeStamper } from './make-stamper.ts'
import type { StampRefused } from './refusals.ts'
import type { Stamped, StampSource } from './stamp-source.ts'

/**
 * The policy of our time-stamps: the clock is that of the server, which refuses while it stands behind its last
 * event; see docs/conformance/time-stamps.md. A UUID under 2.25 (X.667 section 7): registered nowhere.
 */
export const stampPolicy = oid('2.25.298644672575272523473875807978700758696')

/** Given to whole seconds: so far may it be off, beside what the clock is. */
const accuracy = Temporal.Duration.from({ seconds: 1 })

/** A successor is made when the key of who stamps has so little time left; what stands against it may be mended. */
const successorAt = Temporal.Duration.from({ hours: 30 * 24 })

export interface StampDeskPorts extends OwnSignerPorts {
  readonly guard: Pick<ClockGuard, 'check'> & OwnSignerPorts['guard']
  /** Hears of what broke where a time-stamp could be given all the same; MUST NOT throw. */
  report(what: string, cause: unknown): void
  pause(milliseconds: number): Promise<void>
}

/** So often is it looked whether the node that is making who stamps time has done so, and the pause before each look. */
const mostLooks = 40
const lookMilliseconds = 250

/** Says of digests that they were there at this time (RFC 3161). Nothing is booked: the token is the record. */
export class StampDesk implements StampSource {
  readonly #ports: StampDeskPorts
  readonly #budget = new SigningBudget()
  #making: Promise<Stamper | StampRefused> | undefined

  constructor(ports: StampDeskPorts) {
    this.#ports = ports
  }

  /**
   * A token for somebody who asks over the network.
   *
   * @param source who pays for the signature: an address or network; undefined: the house itself
   * @throws Fault as `SigningKeys.sign` and `Ledger.list` do
   */
  async answer(
    request: TimeStampRequest,
    source: string | undefined,
  ): Promise<Stamped | StampRefused> {
    const no = refuseRequest(request)
    if (no !== undefined) return no
    const now = this.#ports.clock.now()
    const wrongClock = this.#ports.guard.check(now)
    if (wrongClock !== undefined) return wrongClock
    const stamper = await this.#stamper(now)
    if ('reason' in stamper) return stamper
    const price = signingPrice(stamper.signer.publicKey.algorithm)
    if (source !== undefined && !this.#budget.spend(source, price, now))
      return refuse('rate-limited', 'too many time-stamps are asked for; ask later')
    return this.#stamp(request, stamper, now)
  }

  stamp(signature: Uint8Array): Promise<Stamped | StampRefused> {
    const messageImprint = {
      hashAlgorithm: digestIdentifier('sha256'),
      hashedMessage: sha256(signature),
    }
    const asked = { policy: undefined, nonce: undefined, wantsCertificate: true }
    return this.answer({ messageImprint, ...asked }, undefined)
  }

  async #stamp(
    request: TimeStampRequest,
    stamper: Stamper,
    now: Temporal.Instant,
  ): Promise<Stamped> {
    const at = now.round({ smallestUnit: 'second', roundingMode: 'floor' })
    const plan = planTimeStamp({
      info: {
        ...{ policy: stampPolicy, messageImprint: request.messageImprint },
        ...{ serialNumber: this.#serialNumber(), genTime: at, accuracy, ordering: false },
        nonce: request.nonce,
      },
      signer: stamper.signer,
      withCertificates: request.wantsCertificate,
    })
    if (plan.kind === 'refused') throw new TypeError(plan.detail)
    const [wanted] = plan.wanted
    if (wanted === undefined) throw new TypeError('a time-stamp without a signature')
    const { algorithm } = stamper.signer
    const asked = { algorithm, over: wanted.over }
    const signature = await this.#ports.keys.sign(stamper.keyId, wanted.bytes, asked)
    return { kind: 'stamped', token: await plan.finish([signature]), at }
  }

  /** 16 octets by chance, positive and without a leading zero. */
  #serialNumber(): Uint8Array {
    const serial = this.#ports.random.bytes(16)
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
    return serial
  }

  async #stamper(now: Temporal.Instant): Promise<Stamper | StampRefused> {
    const found = await findStamper(now, this.#ports.ledger)
    const isDue =
      found === undefined ||
      Temporal.Instant.compare(now, found.stampsUntil.subtract(successorAt)) >= 0
    if (!isDue) return found
    this.#making ??= this.#make(now, found?.id).finally(() => {
      this.#making = undefined
    })
    const made = await this.#making
    if ('reason' in made && found !== undefined) {
      this.#ports.report('who stamps time has no successor yet', new Error(made.detail))
      return found
    }
    return made
  }

  /** @param known whose place is to be taken */
  async #make(now: Temporal.Instant, known: string | undefined): Promise<Stamper | StampRefused> {
    for (let looks = 0; ; looks++) {
      const no = await this.#tryToMake(known)
      const isElsewhere = no?.reason === 'busy'
      if (isElsewhere) await this.#ports.pause(lookMilliseconds)
      const mayBeHere = no === undefined || isElsewhere
      const stamper = mayBeHere ? await findStamper(now, this.#ports.ledger) : undefined
      if (stamper !== undefined) return stamper
      if (!isElsewhere || looks === mostLooks)
        return refuse(
          'stamper-missing',
          `nobody stamps time here: ${no?.detail ?? 'it ended at once'}`,
        )
    }
  }

  /** Why it could not be made. A backend of keys that breaks is a "no" here: it is tried again with the next question. */
  async #tryToMake(
    known: string | undefined,
  ): Promise<Pick<Refused, 'reason' | 'detail'> | undefined> {
    try {
      const made = await makeStamper(known, this.#ports)
      return made.kind === 'refused' ? made : undefined
    } catch (cause) {
      if (cause instanceof Fault) return { reason: 'stamper-missing', detail: cause.message }
      throw cause
    }
  }
}

function refuseRequest({ messageImprint, policy }: TimeStampRequest): StampRefused | undefined {
  const { hashAlgorithm, hashedMessage } = messageImprint
  const digest = findDigest(hashAlgorithm)
  if (digest === undefined)
    return refuse('stamp-digest-unknown', `digest ${hashAlgorithm.oid} is stamped by nobody here`)
  if (hashedMessage.length !== digestOctets[digest])
    return refuse('request-malformed', `${hashedMessage.length} octets are no digest by ${digest}`)
  if (policy !== undefined && policy !== stampPolicy)
    return refuse('stamp-policy-unknown', `policy ${policy} is not ours, which is ${stampPolicy}`)
  return undefined
}
