// SPDX-License-Identifier: Apache-2.0
import type { LogStore } from '#core/audit/log-store.ts'
import { onNoList } from '#core/ledger/shards.ts'
import type { Enforcement, RevocationRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { type Asked, askAct, type Wish } from '#core/revocation/acts/ask.ts'
import { askAuthorityEnd } from '#core/revocation/acts/authority-end.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { readChosen } from '#core/revocation/acts/chosen.ts'
import {
  approvalsMissing,
  approveAct,
  refuseAct,
  withdrawAct,
} from '#core/revocation/acts/decide-act.ts'
import { latelyDays, type Preview, previewAct } from '#core/revocation/acts/preview.ts'
import { watchRevocations } from '#core/watch/revocations.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'
import { historyAbout } from './history.ts'
import { type People, personHere } from './person-here.ts'

type RevocationVerbs = Pick<
  Verbs,
  | 'authority.revoke'
  | 'revocation.approve'
  | 'revocation.end'
  | 'revocation.hold'
  | 'revocation.list'
  | 'revocation.preview'
  | 'revocation.refuse'
  | 'revocation.release'
  | 'revocation.show'
  | 'revocation.withdraw'
>

/** Events that are shown with an act. */
const mostEvents = 100
/** An answer waits so long for an act to be in force; longer ones go on, and `show` tells how far they are. */
const patienceMilliseconds = 2000

/** Trust that ends, is suspended, or is given back, for all that is chosen. */
export function revocationVerbs(core: Core, log: LogStore, people: People): RevocationVerbs {
  const { ledger } = core
  const ask = (act: Wish['act']) => {
    return async (input: Input, { caller }: Call) => {
      const asked = await askAct(wishOf(act, input), caller.actor, core)
      return answerOf(await begun(asked, core))
    }
  }
  return {
    'revocation.preview': async (input) => {
      const wish = { act: input.act, chosen: readChosen(input) }
      const found = await previewAct(wish, ({ shard }) => shard === onNoList, core)
      return found.kind === 'refused' ? found : showPreview(found, input.act, core)
    },

    'revocation.end': ask('end'),
    'revocation.hold': ask('hold'),
    'revocation.release': ask('release'),

    'authority.revoke': async ({ authority: id, reason, because }, call) => {
      const authority = await ledger.read('authority', id)
      if (authority === undefined) return notFound(id)
      const differs = checkVersion(authority, call)
      if (differs !== undefined) return differs
      const asked = await askAuthorityEnd(authority, reason, because, call.caller.actor, core)
      return answerOf(await begun(asked, core))
    },

    'revocation.list': async ({ state, ...paging }) => {
      const walk = state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
      const { items, next } = await ledger.list('revocation', {
        ...{ ...walk, descending: true, ...pageOf(paging) },
      })
      return { items: items.map(showRevocation), next }
    },

    'revocation.show': async ({ revocation: id }) => {
      const record = await ledger.read('revocation', id)
      if (record === undefined) return notFound(id)
      const { items } = await ledger.list('enforcement', {
        ...{ by: 'revocation', equal: [id], limit: 1000 },
      })
      return {
        ...showRevocation(record),
        enforcements: await Promise.all(items.map((one) => showEnforcement(one, core))),
        events: [...(await historyAbout(id, mostEvents, log, core.restores))],
      }
    },

    'revocation.approve': async ({ revocation: id, set, name, passphrase }, call) => {
      const record = await ledger.read('revocation', id)
      if (record === undefined) return notFound(id)
      const differs = checkVersion(record, call)
      if (differs !== undefined) return differs
      const person = await personHere(call.caller, { name, passphrase }, people, core)
      if (person.kind === 'refused') return person
      const decided = await approveAct(record, Uint8Array.fromHex(set), person.person.id, core)
      await watchRevocations(core)
      if (decided.kind === 'refused') return decided
      return showRevocation(await carriedOut(decided.record, core))
    },

    'revocation.refuse': async ({ revocation: id, because }, call) => {
      const record = await ledger.read('revocation', id)
      if (record === undefined) return notFound(id)
      const differs = checkVersion(record, call)
      if (differs !== undefined) return differs
      const decided = await refuseAct(record, because, call.caller.actor, core)
      await watchRevocations(core)
      return decided.kind === 'refused' ? decided : showRevocation(decided.record)
    },

    'revocation.withdraw': async ({ revocation: id }, call) => {
      const record = await ledger.read('revocation', id)
      if (record === undefined) return notFound(id)
      const differs = checkVersion(record, call)
      if (differs !== undefined) return differs
      const decided = await withdrawAct(record, call.caller.actor, core)
      await watchRevocations(core)
      return decided.kind === 'refused' ? decided : showRevocation(decided.record)
    },
  }
}

type Input = Readonly<Record<string, unknown>> & {
  readonly because: string
  readonly reason?: Wish['reason']
  readonly set?: string | undefined
}

function wishOf(act: Wish['act'], input: Input): Wish {
  const { because, reason = 'certificateHold', set } = input
  const seen = set === undefined ? undefined : Uint8Array.fromHex(set)
  return { act, chosen: readChosen(input), reason, because, set: seen }
}

/** An act that may begin is carried out; one that waits is told to whoever has to decide. */
async function begun(asked: Asked, core: Core): Promise<Asked> {
  if (asked.kind !== 'asked') return asked
  if (asked.record.state === 'waiting') {
    await watchRevocations(core)
    return asked
  }
  return { ...asked, record: await carriedOut(asked.record, core) }
}

/** Large ones go on after the answer: whoever asked looks how far they are. */
async function carriedOut(record: RevocationRecord, core: Core): Promise<RevocationRecord> {
  const running = carryOut(record.id, core)
  // What breaks after the answer is met again by the job that goes on with it, and told there.
  running.catch(() => {})
  await Promise.race([running, core.pause(patienceMilliseconds)])
  return (await core.ledger.read('revocation', record.id)) ?? record
}

function answerOf(asked: Asked): OutputOf<'revocation.end'> | Refused {
  if (asked.kind === 'refused') return asked
  const revocation = asked.kind === 'asked' ? showRevocation(asked.record) : null
  return { revocation, already: asked.already }
}

export function showRevocation(record: RevocationRecord): OutputOf<'revocation.list'> {
  const { total, setSha256, requestedAt, decidedAt, effectiveAt } = record
  return {
    ...record,
    ...{ chosen: { ...record.chosen }, certificates: total, set: setSha256.toHex() },
    approvals: record.approvals.map((one) => ({ ...one })),
    approvalsMissing: approvalsMissing(record),
    requestedAt: requestedAt.toString(),
    decidedAt: decidedAt?.toString() ?? null,
    effectiveAt: effectiveAt?.toString() ?? null,
    publishedAt: record.publishedAt?.toString() ?? null,
    releasedAt: record.releasedAt?.toString() ?? null,
  }
}

type EnforcementView = OutputOf<'revocation.show'>['enforcements'][number]

async function showEnforcement(record: Enforcement, { ledger }: Core): Promise<EnforcementView> {
  const integration = await ledger.read('integration', record.integration)
  const { act, state, tries, owners, sessionsEnded, lastError } = record
  return {
    integration: integration?.name ?? record.integration,
    kind: integration?.kind ?? '',
    ...{ act, state, tries, owners, sessionsEnded, lastError },
    createdAt: record.createdAt.toString(),
    confirmedAt: record.confirmedAt?.toString() ?? null,
  }
}

async function showPreview(
  preview: Preview,
  act: Wish['act'],
  { ledger }: Core,
): Promise<OutputOf<'revocation.preview'>> {
  const lists = await Promise.all(
    [...preview.lists].map(async ([id, lists]) => ({
      authority: (await ledger.read('authority', id))?.name ?? id,
      lists,
    })),
  )
  return {
    ...{ ...preview, act, lists, latelyDays, set: preview.set.toHex() },
    kinds: Object.fromEntries(preview.kinds),
    states: Object.fromEntries(preview.states),
    unseen: Object.fromEntries(preview.unseen),
    first: [...preview.first],
    integrations: [...preview.integrations],
  }
}
