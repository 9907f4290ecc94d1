// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '../audit/event.ts'
import { bookFindings, type FoundWeakness, watcher } from './book-findings.ts'
import { bookAndAct } from './nonces/book-signatures.ts'
import { foundBias } from './nonces/found-bias.ts'
import { walkSigned } from './nonces/walk-signed.ts'
import type { KeyPage, Progress, WatchPorts } from './ports.ts'
import { settleFindings } from './settle-findings.ts'
import { changeState, type Round, type WatchState, watchState } from './state.ts'
import { tellFindings } from './tell-findings.ts'
import { placeAfter, walkKeys } from './walk-keys.ts'

/** Of seconds each, all of which are spent again if they are cut off, and none of which looks at the clock. */
const deepPageKeys = 16

/** What one run did. */
export interface Run {
  /** `paused`: somebody stopped it; `stopped`: the house closes, or another node has it. */
  readonly kind: 'done' | 'paused' | 'stopped'
  /** Tests of single keys, moduli that were compared, keys whose signatures were searched, deep tests. */
  readonly keys: number
  readonly moduli: number
  readonly nonces: number
  readonly deep: number
  /** Findings that are new. */
  readonly found: number
}

/** All keys are tested anew after so long, though nothing is new about the tests: evidence does not age. */
const wholeRoundEvery = Temporal.Duration.from({ hours: 30 * 24 })

/**
 * One look at the keys of the fleet: closes what is decided, tests each key that is new, or all of them if a test is
 * new or a list grew, compares the RSA keys with one another, searches what was signed since, and spends what time is
 * left on what takes long.
 *
 * It books what it finds and proposes; it ends nobody's trust, but in a key whose private half it computed, where the
 * policy says so. Cut off at any moment it goes on where it was.
 */
export async function runWatch(
  ports: WatchPorts,
  signal: AbortSignal,
  progress: Progress,
): Promise<Run> {
  await settleFindings(ports)
  await tellFindings(ports)
  const look = new Look(ports, signal, progress)
  await look.testKeys()
  await look.comparePrimes()
  await look.searchNonces()
  await look.testDeep()
  return look.end()
}

class Look {
  readonly #ports: WatchPorts
  readonly #signal: AbortSignal
  readonly #progress: Progress
  #stopped: 'paused' | 'stopped' | undefined
  #counts = { keys: 0, moduli: 0, nonces: 0, deep: 0, found: 0 }

  constructor(ports: WatchPorts, signal: AbortSignal, progress: Progress) {
    this.#ports = ports
    this.#signal = signal
    this.#progress = progress
  }

  async testKeys(): Promise<void> {
    const { ledger, tester } = this.#ports
    const round = beginRound((await watchState(ledger)).keys, await tester.tests(), this.#ports)
    const of = await ledger.count('key', {})
    await this.#walk('keys', round, of, (page) => tester.test(page, this.#signal))
  }

  /** Hands over what is new since the newest that the search keeps, and has it compared with all others. */
  async comparePrimes(): Promise<void> {
    const { ledger, primes, clock, node } = this.#ports
    if (await this.#mustStop()) return
    const before = await primes.place()
    const walkedAt = clock.now().toString()
    let through = before?.through ?? ''
    for await (const page of walkKeys(before === undefined ? null : placeAfter(before), ledger)) {
      await primes.add(page)
      const last = page.ids.at(-1)
      if (last !== undefined && last > through) through = last
      await primes.note({ through, walkedAt })
      if (await this.#mustStop()) return
    }
    const { moduli, waiting } = await primes.state()
    if (waiting === 0) return
    await this.#book(await primes.run(this.#progress, this.#signal))
    if (await this.#mustStop()) return
    await primes.booked()
    this.#counts.moduli = moduli
    const at = clock.now().toString()
    await changeState(() => ({ primes: { node, at, moduli } }), this.#ports)
  }

  /** Searches each key that signed something since, with all that it signed before. */
  async searchNonces(): Promise<void> {
    const { ledger, nonces, clock } = this.#ports
    if (nonces === undefined || (await this.#mustStop())) return
    const now = clock.now()
    const [until, walkedAt] = [now.add(nonces.budget), now.toString()]
    const before = (await watchState(ledger)).nonces
    let round = before?.tests === nonces.tests ? before : newRound(nonces.tests, now)
    for await (const { through, signed } of walkSigned(beginningOf(round), this.#ports)) {
      const isLate = Temporal.Instant.compare(clock.now(), until) > 0
      if (isLate || (await this.#mustStop())) return this.#note('nonces', round)
      const bias = signed && (await nonces.search(signed, this.#signal))
      if (this.#signal.aborted && (await this.#mustStop())) return this.#note('nonces', round)
      if (signed !== undefined && bias) {
        const booked = await bookAndAct(foundBias(signed, bias), this.#ports)
        // What could not be booked is searched once more.
        if (booked === undefined) return this.#note('nonces', round)
        this.#counts.found += booked
      }
      const searched = bias === undefined ? 0 : 1
      this.#counts.nonces += searched
      if (searched > 0) this.#progress({ part: 'nonces', done: this.#counts.nonces, of: 0 })
      const isNews = round.through === null || through > round.through
      round = {
        ...{ ...round, walkedAt, keys: round.keys + searched },
        ...(isNews && { through }),
      }
      if (signed === undefined) await this.#note('nonces', round)
    }
    const at = clock.now().toString()
    if (round.completedAt === null) await this.#note('nonces', { ...round, completedAt: at })
  }

  async testDeep(): Promise<void> {
    const { ledger, deep, clock, deepBudget } = this.#ports
    if (deep === undefined) return
    const until = clock.now().add(deepBudget)
    const before = (await watchState(ledger)).deep
    // No age ends this round: of a large fleet it takes weeks, and the keys do not change.
    const round = before?.tests === deep.tests ? before : newRound(deep.tests, clock.now())
    const of = await ledger.count('key', {})
    await this.#walk('deep', round, of, (page) => deep.test(page, this.#signal), until)
  }

  /** Books what is true when all is done. */
  async end(): Promise<Run> {
    const { clock } = this.#ports
    const at = clock.now()
    const kind = this.#stopped ?? 'done'
    const { keys, moduli, nonces, deep } = this.#counts
    const isNews = keys + moduli + nonces + deep > 0
    if (kind === 'done')
      await changeState(
        () => ({ lastRunAt: at.toString() }),
        this.#ports,
        isNews ? [this.#told(at, await watchState(this.#ports.ledger))] : [],
      )
    return { kind, ...this.#counts }
  }

  async #walk(
    part: 'keys' | 'deep',
    begun: Round,
    of: number,
    test: (page: KeyPage) => Promise<readonly FoundWeakness[]>,
    until?: Temporal.Instant,
  ): Promise<void> {
    const { ledger, clock } = this.#ports
    const walkedAt = clock.now().toString()
    let round = begun
    const most = part === 'deep' ? deepPageKeys : undefined
    for await (const page of walkKeys(beginningOf(round), ledger, most)) {
      if (await this.#mustStop()) return
      if (until !== undefined && Temporal.Instant.compare(clock.now(), until) > 0) return
      // Booked before the walk is: what a crash comes between is tested and found again.
      await this.#book(await test(page))
      if (this.#signal.aborted && (await this.#mustStop())) return
      const fresh = page.ids.filter((id) => round.through === null || id > round.through)
      this.#counts[part] += fresh.length
      const through = fresh.at(-1) ?? round.through
      round = { ...round, through, walkedAt, keys: round.keys + fresh.length }
      await this.#note(part, round)
      this.#progress({ part, done: Math.min(round.keys, of), of })
    }
    if (round.completedAt !== null) return
    const at = clock.now().toString()
    const { tests, keys } = round
    await changeState(
      () => ({
        [part]: { ...round, completedAt: at },
        ...(part === 'keys' && { lastRound: { tests, at, keys } }),
      }),
      this.#ports,
    )
  }

  async #note(part: 'keys' | 'nonces' | 'deep', round: Round): Promise<void> {
    await changeState(() => ({ [part]: round }), this.#ports)
  }

  async #book(found: readonly FoundWeakness[]): Promise<void> {
    if (found.length === 0) return
    this.#counts.found += (await bookFindings(found, this.#ports)).length
  }

  async #mustStop(): Promise<boolean> {
    // Who pauses it ends what runs as well: then that is why.
    if ((await watchState(this.#ports.ledger)).paused !== null) this.#stopped = 'paused'
    else if (this.#signal.aborted) this.#stopped = 'stopped'
    return this.#stopped !== undefined
  }

  #told(at: Temporal.Instant, { keys, primes, nonces, deep }: WatchState): AuditEvent {
    const { node } = this.#ports
    return {
      ...{ type: 'keys-watched', at, actor: watcher, subjects: [] },
      facts: {
        ...{ ...this.#counts, node, tests: keys?.tests ?? null, deepTests: deep?.tests ?? null },
        ...{ comparedModuli: primes?.moduli ?? null, nonceTests: nonces?.tests ?? null },
      },
    }
  }
}

/** Goes on with the round that stands, or begins another where the tests are others or the last one is old. */
function beginRound(before: Round | null, tests: string, { clock }: WatchPorts): Round {
  const now = clock.now()
  const isOld =
    before !== null &&
    Temporal.Instant.compare(Temporal.Instant.from(before.startedAt).add(wholeRoundEvery), now) < 0
  return before !== null && before.tests === tests && !isOld ? before : newRound(tests, now)
}

function newRound(tests: string, now: Temporal.Instant): Round {
  const startedAt = now.toString()
  return { tests, startedAt, through: null, walkedAt: startedAt, keys: 0, completedAt: null }
}

function beginningOf({ through, walkedAt }: Round): string | null {
  return through === null ? null : placeAfter({ through, walkedAt })
}
