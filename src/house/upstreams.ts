// SPDX-License-Identifier: Apache-2.0
/** Authorities of others, as the house puts them together: how they are asked, and how they are watched. */
import { join } from 'node:path'
import type { UpstreamDesk, UpstreamPorts, UpstreamTrouble } from '#core/authority/upstream/desk.ts'
import { carryOpenOrders } from '#core/authority/upstream/open-orders.ts'
import { tellRevocations } from '#core/authority/upstream/revocations.ts'
import type { Doors } from '#core/enrolment/doors.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import { type AlarmPorts, clear, raise } from '#core/watch/alarm.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import { accountKey, thumbprint } from '#edge/upstream/acme/jws.ts'
import { parseTransaction } from '#edge/upstream/acme/transaction.ts'
import { CredentialError, type UpstreamMeans } from '#edge/upstream/credentials.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from './core.ts'

/** Where the secrets of upstreams are: files of the owner's, in the data directory. */
export function upstreamSecrets(data: string): string {
  return join(data, 'upstream')
}

/** The clients of all protocols; each is loaded when an upstream first speaks it. */
export function upstreamDesk(means: UpstreamMeans): UpstreamDesk {
  const desks = new Map<Upstream['protocol'], Promise<UpstreamDesk>>()
  const deskOf = ({ protocol }: Upstream) => {
    const desk = desks.get(protocol) ?? openDesk(protocol, means)
    desks.set(protocol, desk)
    return desk
  }
  return {
    ask: (errand, signal) =>
      deskOf(errand.upstream)
        .then((desk) => desk.ask(errand, signal))
        .catch(withoutCredential((words) => ({ kind: 'unreached', words }))),
    revoke: (upstream, certificate, reason, signal) =>
      deskOf(upstream)
        .then((desk) => desk.revoke(upstream, certificate, reason, signal))
        .catch(withoutCredential((words) => ({ kind: 'failed', words }))),
    examine: (upstream, signal) =>
      deskOf(upstream)
        .then((desk) => desk.examine(upstream, signal))
        .catch(withoutCredential((words) => refuse('input-wrong', words))),
  }
}

/** Who has nothing to prove us with did not ask. */
function withoutCredential<T>(say: (words: string) => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof CredentialError) return say(error.message)
    throw error
  }
}

async function openDesk(
  protocol: Upstream['protocol'],
  means: UpstreamMeans,
): Promise<UpstreamDesk> {
  switch (protocol) {
    case 'est':
      return (await import('#edge/upstream/est/est-upstream.ts')).estUpstream(means)
    case 'acme':
      return (await import('#edge/upstream/acme/acme-upstream.ts')).acmeUpstream(means)
    case 'rest': {
      const { restUpstream } = await import('#edge/upstream/rest/rest-upstream.ts')
      const { ejbca, ejbcaSettings } = await import('#edge/upstream/rest/ejbca.ts')
      return restUpstream(ejbca, ejbcaSettings, means)
    }
  }
}

/**
 * What proves our account to who looks for the answer of a challenge, whichever node asked for it: of tokens
 * that an open order waits for, and of no others.
 */
export async function challengeAnswer(
  token: string,
  { doors, ledger }: Pick<Core, 'doors' | 'ledger'>,
  keys: Pick<UpstreamMeans['keys'], 'publicKey'>,
): Promise<string | undefined> {
  for (const { upstream } of doors.upstreams) {
    if (upstream.protocol !== 'acme' || upstream.credentialKey === null) continue
    const walk = { by: 'upstream', equal: [upstream.id, 'open'], limit: 100 } as const
    const { items } = await ledger.list('upstreamOrder', walk)
    const isOpen = items.some(({ transaction }) =>
      parseTransaction(transaction)?.tokens.includes(token),
    )
    if (!isOpen) continue
    return `${token}.${thumbprint(accountKey(await keys.publicKey(upstream.credentialKey)))}`
  }
  return undefined
}

/** A house without a desk has no upstream to ask. */
export const noDesk: UpstreamDesk = {
  ask: async () => ({ kind: 'unreached', words: 'nobody here asks upstreams' }),
  revoke: async () => ({ kind: 'not-offered' }),
  examine: async () => ({
    ...{ kind: 'refused', reason: 'upstream-unreachable' },
    detail: 'nobody here asks upstreams',
  }),
}

/** What core needs of upstreams; how they are is told as alarms. */
export function upstreamPorts(
  desk: UpstreamDesk,
  doors: Doors,
  ports: AlarmPorts,
  report: (what: string, cause: unknown) => void,
): UpstreamPorts & { readonly health: UpstreamHealth } {
  const health = new UpstreamHealth(ports, report)
  return {
    ...{ desk, health },
    ready: (id) => doors.upstreams.find(({ upstream }) => upstream.id === id),
    within: (milliseconds) => AbortSignal.timeout(milliseconds),
    noteHealth: (upstream, trouble) => health.note(upstream, trouble),
  }
}

/** How the upstreams answered lately, on this node; alarms say it for all. */
export class UpstreamHealth {
  readonly #ports: AlarmPorts
  readonly #report: (what: string, cause: unknown) => void
  /** By id: since when it does not answer, with its words; null: it answers. */
  readonly #known = new Map<string, { readonly words: string } | null>()

  constructor(ports: AlarmPorts, report: (what: string, cause: unknown) => void) {
    this.#ports = ports
    this.#report = report
  }

  /** What is wrong with it; undefined: nothing is known, or nothing is wrong. */
  troubleOf(id: string): string | undefined {
    return this.#known.get(id)?.words
  }

  async note(upstream: Upstream, trouble: UpstreamTrouble | undefined): Promise<void> {
    try {
      if (trouble === undefined) await this.#noteGood(upstream)
      else if (trouble.kind === 'unreachable') await this.#noteUnreachable(upstream, trouble)
      else await this.#noteAstray(upstream, { ...trouble, kind: trouble.kind })
    } catch (cause) {
      // An alarm that cannot be told holds no device up.
      this.#report('an alarm could not be raised', cause)
    }
  }

  async #noteGood({ id }: Upstream): Promise<void> {
    if (this.#known.get(id) === null) return
    this.#known.set(id, null)
    await clear('upstream-unreachable', id, this.#ports)
  }

  async #noteUnreachable({ id, name }: Upstream, { words }: UpstreamTrouble): Promise<void> {
    this.#known.set(id, { words })
    await raise(
      {
        ...{ kind: 'upstream-unreachable', subject: id, severity: 'critical' },
        text: `upstream ${name} does not answer: ${words}`,
        facts: { upstream: name },
      },
      this.#ports,
    )
  }

  async #noteAstray(
    { name }: Upstream,
    {
      kind,
      certificate = '',
      words,
    }: UpstreamTrouble & { kind: Exclude<UpstreamTrouble['kind'], 'unreachable'> },
  ): Promise<void> {
    const what = {
      'answer-refused': 'answered with a certificate that was not approved',
      'outcome-unknown': 'may have signed a certificate that nobody has',
      'revoke-by-hand':
        'signed a certificate that is revoked here and cannot be asked to revoke it',
    }[kind]
    await raise(
      {
        ...{ kind: 'upstream-certificate-astray', subject: certificate, severity: 'warning' },
        text: `upstream ${name} ${what}; look there for it and revoke it: ${words}`,
        facts: { upstream: name },
      },
      this.#ports,
    )
  }
}

/** Less than this before its end, a credential for an upstream has to be made anew. */
const endingHours = { warning: 30 * 24, critical: 7 * 24 }
const examiningMilliseconds = 20_000

export function upstreamJobs(core: Core): readonly Job[] {
  return [
    {
      name: 'upstream-orders',
      every: Temporal.Duration.from({ seconds: 15 }),
      run: async ({ signal }) => {
        await carryOpenOrders(core, signal)
        await tellRevocations(core.doors.upstreams, core, signal)
      },
    },
    {
      name: 'upstream-watch',
      every: Temporal.Duration.from({ minutes: 30 }),
      run: async ({ signal }) => {
        for (const { upstream } of core.doors.upstreams) {
          if (signal.aborted) return
          await watchUpstream(upstream, core)
        }
      },
    },
  ]
}

/** Looks whether it answers and whether what proves us to it ends. */
export async function watchUpstream(upstream: Upstream, core: Core): Promise<void> {
  const { desk, noteHealth, within } = core.upstreams
  const says = await desk.examine(upstream, within(examiningMilliseconds))
  const trouble = says.kind === 'says' ? undefined : says.detail
  await noteHealth(
    upstream,
    trouble === undefined ? undefined : { kind: 'unreachable', words: trouble },
  )
  const { id, name, credentialEndsAt } = upstream
  const hours = credentialEndsAt && core.clock.now().until(credentialEndsAt).total('hours')
  if (hours === null || hours > endingHours.warning)
    return clear('upstream-credential-ending', id, core)
  await raise(
    {
      ...{ kind: 'upstream-credential-ending', subject: id },
      severity: hours > endingHours.critical ? 'warning' : 'critical',
      text: `what proves us to upstream ${name} ends at ${credentialEndsAt}`,
      facts: { upstream: name, endsAt: `${credentialEndsAt}` },
    },
    core,
  )
}
