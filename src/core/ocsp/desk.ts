// SPDX-License-Identifier: Apache-2.0
import type { OcspRequest } from '#format/ocsp/request.ts'
import { type Refused, refuse } from '#trust/refusal.ts'
import type { OwnSignerPorts } from '../authority/make-own-signer.ts'
import { SigningBudget, signingPrice } from '../authority/signing-budget.ts'
import type { Authority } from '../ledger/tables.ts'
import { type Answer, Answers, answerKey } from './answers.ts'
import { isAnsweredFor, type NamedIssuer, NamedIssuers, namingCount } from './issuers.ts'
import { judge } from './judge.ts'
import { Responders } from './responders.ts'
import { signAnswer } from './sign-answer.ts'

export interface DeskPorts extends OwnSignerPorts {
  /** Every authority there is; `generation` rises with each change of them. */
  readonly doors: { readonly authorities: readonly Authority[]; readonly generation: number }
  /** Hears of what broke where nobody waits for it; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/** Why there is no answer. */
export type OcspRefusal =
  | 'certificate-unknown'
  | 'clock-ahead'
  | 'clock-behind'
  | 'issuer-unknown'
  | 'rate-limited'
  | 'request-malformed'
  | 'request-too-large'
  | 'responder-missing'

export type Answered =
  | {
      readonly kind: 'answer'
      readonly answer: Answer
      /** `asker`: it repeats a nonce, speaks of a serial that is nobody's, or was overtaken; it is kept nowhere. */
      readonly isFor: 'all' | 'asker'
    }
  | Refused<OcspRefusal>

/** Questions in one request: a chain has two or three certificates, and each costs a look into the ledger. */
export const mostQuestions = 10

/** What could not be made anew is tried again after so long: until then what stands is sent, and nobody is troubled. */
const refreshAgainMilliseconds = 10_000

/** What this node did since it started. */
export interface DeskCounts {
  /** Answers that were there. */
  cached: number
  /** Answers that were signed because somebody waited for them. */
  signed: number
  /** Answers that were made anew beside the one that was sent. */
  refreshed: number
  /** Signatures that the budget did not give. */
  overBudget: number
}

interface Question {
  readonly issuer: NamedIssuer
  readonly serialNumber: Uint8Array
}

/**
 * Answers what OCSP asks: what somebody asked before from memory, everything else from the ledger, signed by a
 * responder of its authority.
 */
export class OcspDesk {
  readonly responders: Responders
  readonly #ports: DeskPorts
  readonly #answers: Answers
  readonly #budget = new SigningBudget()
  /** What is being signed for everybody, by certificate and naming: whoever asks meanwhile gets the same. */
  readonly #signing = new Map<string, Promise<Answered>>()
  readonly #counts: DeskCounts = { cached: 0, signed: 0, refreshed: 0, overBudget: 0 }
  #issuers = new NamedIssuers([])
  #generation = -1
  /** When something could not be made anew, Unix time. */
  #refreshFailedAt = Number.NEGATIVE_INFINITY

  constructor(ports: DeskPorts, answers = new Answers()) {
    this.#ports = ports
    this.#answers = answers
    this.responders = new Responders(ports)
  }

  get counts(): Readonly<DeskCounts> {
    return this.#counts
  }

  /** Answers that are in memory, and what they take. */
  get kept(): Answers['size'] {
    return this.#answers.size
  }

  /** The authorities that are answered for. */
  get authorities(): readonly Authority[] {
    return this.#ports.doors.authorities.filter(isAnsweredFor)
  }

  /**
   * The answer to one request, or why there is none.
   *
   * @param source who pays for a signature that nobody else can use: an address or network
   * @throws Fault as `Ledger.find` and `SigningKeys.sign` do
   */
  async answer({ requests, nonce }: OcspRequest, source: string): Promise<Answered> {
    if (requests.length > mostQuestions)
      return refuse(
        'request-too-large',
        `${requests.length} questions, at most ${mostQuestions} are answered at once`,
      )
    const asked: Question[] = []
    for (const { certId } of requests) {
      const issuer = this.#named().find(certId)
      // One answer has one signer, and that speaks for one authority.
      if (issuer === undefined || issuer.authority.id !== (asked[0]?.issuer ?? issuer).authority.id)
        return refuse('issuer-unknown', 'no one authority of this server issued what is asked for')
      asked.push({ issuer, serialNumber: certId.serialNumber })
    }
    const [first] = asked
    if (first === undefined) return refuse('request-malformed', 'nothing is asked')
    if (asked.length === 1 && nonce === undefined) return this.#usual(first, source)
    if (this.#maySpend(source, first.issuer.authority))
      return this.#sign(first.issuer.authority, asked, nonce)
    // RFC 9654 section 2.1: an answer without the nonce is still an answer.
    if (asked.length === 1) return this.#usual(first, source)
    return refuse(
      'rate-limited',
      'too many questions that need a signature of their own; ask later',
    )
  }

  /** Forgets what was said of a certificate, as when it was revoked, held or released. */
  forget(authority: string, serialNumber: Uint8Array): void {
    const key = answerKey(authority, serialNumber)
    this.#answers.forget(key)
    // What is being signed may have been judged before that: those who asked before get it, and it is not kept.
    for (let naming = 0; naming < namingCount; naming++) this.#signing.delete(`${key} ${naming}`)
  }

  /** Forgets all that was said, and who says it. */
  forgetAll(): void {
    this.#answers.forgetAll()
    this.#signing.clear()
    this.responders.forgetAll()
  }

  #named(): NamedIssuers {
    const { generation } = this.#ports.doors
    if (generation !== this.#generation) {
      this.#issuers = new NamedIssuers(this.authorities)
      this.#generation = generation
    }
    return this.#issuers
  }

  #maySpend(source: string, { algorithm }: Authority): boolean {
    const may = this.#budget.spend(source, signingPrice(algorithm), this.#ports.clock.now())
    if (!may) this.#counts.overBudget++
    return may
  }

  /** What everybody gets who asks for this certificate. */
  #usual(asked: Question, source: string): Promise<Answered> | Answered {
    const { issuer, serialNumber } = asked
    const key = answerKey(issuer.authority.id, serialNumber)
    const answer = this.#answers.get(key, issuer.naming)
    // In plain milliseconds: this is what is done tens of thousands of times a second.
    const now = this.#ports.clock.now().epochMilliseconds
    if (answer === undefined || now >= answer.endsAtMilliseconds)
      return this.#signed(key, asked, source)
    this.#counts.cached++
    if (now >= answer.refreshAtMilliseconds && !this.#isRefreshAtRest(now))
      this.#refresh(key, asked, source)
    return { kind: 'answer', answer, isFor: 'all' }
  }

  /** Makes an answer anew while it is still good: nobody waits for it. */
  #refresh(key: string, asked: Question, source: string): void {
    if (this.#signing.has(`${key} ${asked.issuer.naming}`)) return
    const rest = () => {
      this.#refreshFailedAt = this.#ports.clock.now().epochMilliseconds
    }
    this.#signed(key, asked, source).then(
      ({ kind }) => {
        if (kind === 'answer') this.#counts.refreshed++
        else rest()
      },
      (cause) => {
        rest()
        this.#ports.report('an OCSP answer could not be made anew', cause)
      },
    )
  }

  #isRefreshAtRest(now: number): boolean {
    const failedAt = this.#refreshFailedAt
    return now >= failedAt && now - failedAt < refreshAgainMilliseconds
  }

  #signed(key: string, asked: Question, source: string): Promise<Answered> {
    const name = `${key} ${asked.issuer.naming}`
    const under = this.#signing.get(name)
    if (under !== undefined) return under
    const made = this.#sign(asked.issuer.authority, [asked], undefined, source)
    // Before whoever waits goes on; what broke is theirs to hear.
    const signing: Promise<Answered> = made.then(
      (answered) => {
        // Forgotten meanwhile: what it says may not be true any more, and no cache on the way is to keep it either.
        if (this.#signing.get(name) !== signing) return forAskerAlone(answered)
        this.#signing.delete(name)
        if (answered.kind === 'answer' && answered.isFor === 'all')
          this.#answers.set(key, asked.issuer.naming, answered.answer)
        return answered
      },
      (cause) => {
        if (this.#signing.get(name) === signing) this.#signing.delete(name)
        throw cause
      },
    )
    this.#signing.set(name, signing)
    return signing
  }

  /**
   * Judges and signs.
   *
   * @param source pays if what is asked for is nobody's; undefined: it is paid for
   */
  async #sign(
    authority: Authority,
    asked: readonly Question[],
    nonce: Uint8Array | undefined,
    source?: string,
  ): Promise<Answered> {
    const { guard, clock, ledger, keys } = this.#ports
    const behind = guard.check(clock.now())
    if (behind !== undefined) return behind
    const responder = await this.responders.of(authority)
    if ('reason' in responder) return responder
    // Before the ledger is read: what is revoked from now on is not in this answer.
    const now = clock.now()
    const judged = await Promise.all(
      asked.map(async (one) => ({
        ...one,
        judgement: await judge(authority, one.serialNumber, ledger),
      })),
    )
    const isUnknown = judged.some(({ judgement }) => judgement.status.kind === 'unknown')
    if (isUnknown && source !== undefined && !this.#maySpend(source, authority))
      return refuse(
        'certificate-unknown',
        'too many questions about certificates that were not issued here',
      )
    const answer = await signAnswer(judged, nonce, responder, now, keys)
    this.#counts.signed++
    const isForAll = nonce === undefined && asked.length === 1 && !isUnknown
    return { kind: 'answer', answer, isFor: isForAll ? 'all' : 'asker' }
  }
}

function forAskerAlone(answered: Answered): Answered {
  return answered.kind === 'answer' ? { ...answered, isFor: 'asker' } : answered
}
