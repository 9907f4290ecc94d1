// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '#trust/refusal.ts'
import type { OwnSignerPorts } from '../authority/make-own-signer.ts'
import { Fault } from '../fault.ts'
import type { Authority } from '../ledger/tables.ts'
import { findResponder, isRenewalDue, type Responder } from './find-responder.ts'
import { makeResponder } from './make-responder.ts'

/** Why nobody answers for an authority. */
export type NoResponder = Refused<'issuer-unknown' | 'responder-missing'>

/** One that could not be made is tried again after so long, however often it is asked for. */
const againAfter = Temporal.Duration.from({ seconds: 10 })

/**
 * Who answers for which authority: found in the ledger, and made when it is first asked for, on whichever
 * node that is.
 */
export class Responders {
  readonly #ports: OwnSignerPorts
  readonly #known = new Map<string, Responder>()
  /** By authority what is under way. */
  readonly #making = new Map<string, Promise<Responder | NoResponder>>()
  readonly #failures = new Map<
    string,
    { readonly at: Temporal.Instant; readonly no: NoResponder }
  >()
  /** How often something was forgotten: what was looked up before that may not be so any more. */
  #forgotten = 0

  constructor(ports: OwnSignerPorts) {
    this.#ports = ports
  }

  /** Those that this node has met. */
  get known(): readonly Responder[] {
    return [...this.#known.values()]
  }

  /** @throws Fault as `makeResponder` and `Ledger.list` do */
  of(authority: Authority): Promise<Responder | NoResponder> | Responder {
    const known = this.#known.get(authority.id)
    const now = this.#ports.clock.now()
    if (known !== undefined && Temporal.Instant.compare(now, known.notAfter) < 0) return known
    return this.#once(authority, () => this.#findOrMake(authority))
  }

  /**
   * Gives an authority its next responder if that is due, or its first one.
   *
   * @returns who answers now; a refusal if there is nobody, or if the successor could not be made
   * @throws Fault as `makeResponder` and `Ledger.list` do
   */
  renew(authority: Authority): Promise<Responder | NoResponder> {
    return this.#once(authority, async () => {
      const found = await this.#find(authority)
      return found === undefined || isRenewalDue(found, this.#ports.clock.now())
        ? this.#make(authority)
        : found
    })
  }

  /** Looks anew when one is next needed. */
  forget(authority: string): void {
    this.#forgotten++
    this.#known.delete(authority)
    this.#failures.delete(authority)
  }

  forgetAll(): void {
    this.#forgotten++
    this.#known.clear()
    this.#failures.clear()
  }

  /** Looks into the ledger, and again if one was revoked or made meanwhile. */
  async #find({ id }: Authority): Promise<Responder | undefined> {
    let found: Responder | undefined
    let before: number
    do {
      before = this.#forgotten
      found = await findResponder(id, this.#ports.clock.now(), this.#ports.ledger)
    } while (before !== this.#forgotten)
    if (found !== undefined) this.#known.set(id, found)
    return found
  }

  async #findOrMake(authority: Authority): Promise<Responder | NoResponder> {
    const found = await this.#find(authority)
    if (found !== undefined) return found
    const failure = this.#failures.get(authority.id)
    const now = this.#ports.clock.now()
    if (failure !== undefined && Temporal.Instant.compare(now, failure.at.add(againAfter)) < 0)
      return failure.no
    return this.#make(authority)
  }

  async #make(authority: Authority): Promise<Responder | NoResponder> {
    if (authority.state === 'retired')
      return refuse('issuer-unknown', `${authority.name} is ended, and nobody answers for it`)
    const made = await this.#tryToMake(authority)
    const responder = made.kind === 'made' ? await this.#find(authority) : undefined
    if (responder !== undefined) {
      this.#failures.delete(authority.id)
      return responder
    }
    const why = made.kind === 'refused' ? made.detail : 'it ended while it was made'
    const no = refuse('responder-missing', `nobody answers for ${authority.name}: ${why}`)
    this.#failures.set(authority.id, { at: this.#ports.clock.now(), no })
    return no
  }

  /** A backend of keys that breaks is a "no" here: whoever asks hears it, and it is tried again. */
  async #tryToMake(authority: Authority) {
    try {
      return await makeResponder(authority, this.#ports)
    } catch (cause) {
      if (!(cause instanceof Fault) || !keyFaults.has(cause.code)) throw cause
      return refuse('responder-missing', cause.message)
    }
  }

  #once(
    { id }: Authority,
    work: () => Promise<Responder | NoResponder>,
  ): Promise<Responder | NoResponder> {
    const under = this.#making.get(id)
    if (under !== undefined) return under
    const making = work().finally(() => this.#making.delete(id))
    this.#making.set(id, making)
    return making
  }
}

const keyFaults: ReadonlySet<string> = new Set<Fault['code']>([
  ...(['key-locked', 'key-damaged', 'key-missing', 'key-unreachable', 'signing-failed'] as const),
  'configuration-wrong',
])
