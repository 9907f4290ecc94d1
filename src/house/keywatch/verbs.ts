// SPDX-License-Identifier: Apache-2.0
import { digestOfSet } from '#core/enforcement/book-act.ts'
import { Fault } from '#core/fault.ts'
import { dismissFinding } from '#core/keywatch/dismiss.ts'
import { type Group, readGroup } from '#core/keywatch/group.ts'
import { openByKind } from '#core/keywatch/open-findings.ts'
import type { Step } from '#core/keywatch/ports.ts'
import { type Proposal, proposeEnding } from '#core/keywatch/propose.ts'
import { pauseWatch, type Round, resumeWatch, watchState } from '#core/keywatch/state.ts'
import { summarise } from '#core/keywatch/summary.ts'
import { isWeakness } from '#core/keywatch/tell-findings.ts'
import type { ListQuery } from '#core/ledger/ledger.ts'
import type { KeyFinding } from '#core/ledger/tables.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'
import type { Core } from '../core.ts'
import type { KeyWatch } from './runner.ts'

type KeywatchVerbs = Pick<
  Verbs,
  | 'finding.dismiss'
  | 'finding.list'
  | 'finding.show'
  | 'keywatch.pause'
  | 'keywatch.resume'
  | 'keywatch.run'
  | 'keywatch.show'
>

/** Of a cause so many findings are shown; the rest is a list by cause. */
const mostShown = 100

/** What was found out about keys, and the watch that finds it. */
export function keywatchVerbs(core: Core, watch: KeyWatch): KeywatchVerbs {
  const { ledger } = core
  return {
    'finding.list': async (asked) => {
      const { items, next } = await ledger.list('keyFinding', {
        ...{ ...queryOf(asked), descending: true, ...pageOf(asked) },
      })
      return { items: items.map(showFinding), next }
    },

    'finding.show': async ({ finding: id }) => {
      const finding = await ledger.read('keyFinding', id)
      if (finding === undefined) return notFound(id)
      const known = isWeakness(finding.kind) ? weaknesses[finding.kind] : undefined
      const group = isWeakness(finding.kind)
        ? await readGroup(finding.kind, finding.cause, ledger)
        : undefined
      const proposal = group && (await proposeEnding(group, core))
      return {
        ...showFinding(finding),
        ...{ means: known?.means ?? finding.kind, source: known?.source ?? '' },
        group: group === undefined ? alone(finding) : await showGroup(group, core),
        proposal: proposal?.kind === 'proposal' ? showProposal(proposal) : null,
      }
    },

    'finding.dismiss': async ({ finding: id, because }, call) => {
      const finding = await ledger.read('keyFinding', id)
      if (finding === undefined) return notFound(id)
      const differs = checkVersion(finding, call)
      if (differs !== undefined) return differs
      const done = await dismissFinding(finding, because, call.caller.actor, core)
      return done.kind === 'refused' ? done : showFinding(done.finding)
    },

    'keywatch.show': () => showWatch(core, watch),

    'keywatch.run': async () => linesOf(watch),

    'keywatch.pause': async ({ because }, { caller }) => {
      const paused = await pauseWatch(because, caller.actor, core)
      return 'reason' in paused ? paused : showWatch(core, watch)
    },

    'keywatch.resume': async (_, { caller }) => {
      const resumed = await resumeWatch(caller.actor, core)
      return 'reason' in resumed ? resumed : showWatch(core, watch)
    },
  }
}

/** The most telling filter leads. */
function queryOf({
  state,
  kind,
  cause,
  device,
  product,
  lot,
}: InputOf<'finding.list'>): Omit<ListQuery<'keyFinding'>, 'limit'> {
  const where: Partial<KeyFinding> = {
    ...(state !== undefined && { state }),
    ...(kind !== undefined && { kind }),
    ...(device !== undefined && { owner: device }),
    ...(product !== undefined && { product }),
    ...(lot !== undefined && { lot }),
  }
  if (cause !== undefined) return { by: 'cause', equal: [Uint8Array.fromHex(cause)], where }
  if (device !== undefined) return { by: 'owner', equal: [device], where }
  if (product !== undefined && lot !== undefined) return { by: 'lot', equal: [product, lot], where }
  if (kind !== undefined)
    return { by: 'kind', equal: state === undefined ? [kind] : [kind, state], where }
  if (state !== undefined) return { by: 'state', equal: [state], where }
  return { where }
}

/** What one run tells, as it goes; a person who leaves does not end it. */
async function* linesOf(watch: KeyWatch): AsyncGenerator<OutputOf<'keywatch.run'>> {
  const unread: Step[] = []
  let wake = Promise.withResolvers<void>()
  const run = watch.runNow((step) => {
    // Only how far it is now is of interest to who is slow.
    const last = unread.at(-1)
    if (last?.part === step.part) unread.pop()
    unread.push(step)
    wake.resolve()
  })
  let isOver = false
  const ended = run.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  while (!isOver || unread.length > 0) {
    const step = unread.shift()
    if (step !== undefined) yield { kind: 'step', ...step }
    else {
      await Promise.race([ended, wake.promise])
      wake = Promise.withResolvers<void>()
    }
  }
  const outcome = await run
  if (outcome.kind === 'held') {
    yield {
      ...{ kind: 'refused', reason: 'busy' },
      detail: `node ${outcome.holder} is at it; "keywatch show" says how far`,
    }
  } else if (outcome.kind === 'failed') {
    yield whyFailed(outcome.cause)
  } else {
    const { kind: end, ...counts } = outcome
    yield { kind: 'run', end, ...counts }
  }
}

function whyFailed(cause: unknown): OutputOf<'keywatch.run'> {
  return cause instanceof Fault && cause.code === 'store-full'
    ? {
        ...{ kind: 'refused', reason: 'store-full' },
        detail:
          'the disk of the server is full; what was tested is booked: free space, and it goes on by itself',
      }
    : {
        ...{ kind: 'refused', reason: 'busy' },
        detail: "the run broke, and is tried again by itself; the server's log says why",
      }
}

async function showWatch(core: Core, watch: KeyWatch): Promise<OutputOf<'keywatch.show'>> {
  const { ledger } = core
  const [state, job, keys] = await Promise.all([
    watchState(ledger),
    ledger.find('job', 'name', ['keywatch']),
    ledger.count('key', {}),
  ])
  const { paused, primes, lastRound } = state
  const holder = job?.holder ?? null
  return {
    state: paused !== null ? 'paused' : holder !== null ? 'running' : 'waiting',
    ...{ pausedBy: paused?.by ?? null, pausedAt: paused?.at ?? null },
    pausedBecause: paused?.because ?? null,
    keys,
    ...{ round: showRound(state.keys), deep: showRound(state.deep), lastRound },
    nonces: showRound(state.nonces),
    compared: primes,
    search: await watch
      .search()
      .then(({ damaged, ...rest }) => ({ ...rest, damaged: [...damaged] })),
    lastRunAt: state.lastRunAt,
    nextRunAt: job === undefined || holder !== null ? null : job.dueAt.toString(),
    runsOn: holder,
    open: await openByKind(ledger),
  }
}

function showRound(round: Round | null) {
  if (round === null) return null
  const { tests, startedAt, keys, completedAt } = round
  return { tests, startedAt, keys, completedAt }
}

type Shown = OutputOf<'finding.list'>

function showFinding(one: KeyFinding): Shown {
  const { cause, facts, foundAt, decidedAt, ...rest } = one
  const { detail, serial, productName, registrarName, ...more } = facts
  return {
    ...rest,
    ...{ deviceSerial: textIn(serial), productName: textIn(productName) },
    ...{ registrarName: textIn(registrarName), detail: textIn(detail) ?? '', facts: more },
    ...{ cause: cause.toHex(), foundAt: foundAt.toString() },
    decidedAt: decidedAt?.toString() ?? null,
  }
}

function textIn(value: KeyFinding['facts'][string] | undefined): string | null {
  return typeof value === 'string' ? value : null
}

async function showGroup(
  group: Group,
  { ledger }: Core,
): Promise<OutputOf<'finding.show'>['group']> {
  const { kind, cause, keys, owners, proposed, traits, certified } = group
  const { items } = await ledger.list('keyFinding', {
    ...{ by: 'cause', equal: [cause], where: { kind }, limit: mostShown },
  })
  return {
    ...{ keys, owners, undecided: proposed, summary: summarise(group), traits: [...traits] },
    ...{ certifiedFrom: certified?.from ?? null, certifiedUntil: certified?.until ?? null },
    findings: items.map(showFinding).sort(bySerial),
  }
}

/** As people count: P-9 before P-10. */
const collator = new Intl.Collator('en', { numeric: true })

function bySerial(left: Shown, right: Shown): number {
  return collator.compare(left.deviceSerial ?? '', right.deviceSerial ?? '')
}

/** Of a kind that this program does not know, as another node's that is newer. */
function alone(finding: KeyFinding): OutputOf<'finding.show'>['group'] {
  return {
    ...{ keys: 1, owners: 1, undecided: finding.state === 'proposed' ? 1 : 0, summary: '' },
    ...{ traits: [], certifiedFrom: null, certifiedUntil: null, findings: [showFinding(finding)] },
  }
}

function showProposal({ preview, steps }: Proposal): OutputOf<'finding.show'>['proposal'] {
  const { certificates, owners, withoutIdentity, needsSecond, set } = preview ?? ofAuthorities
  return {
    ...{ certificates, owners, withoutIdentity, needsSecond },
    ...{ set: set.toHex(), steps: [...steps] },
  }
}

/** No set stands for them. */
const ofAuthorities = {
  ...{ certificates: 0, owners: 0, withoutIdentity: 0, needsSecond: true, set: digestOfSet([]) },
}
