// SPDX-License-Identifier: Apache-2.0
import type { KeyEnding, Rotation } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { advanceRotation } from '#core/rotation/advance-rotation.ts'
import { beginRotation, type RotationChanged } from '#core/rotation/begin-rotation.ts'
import { giveUpRotation, nameCarrier, skipStep } from '#core/rotation/change-rotation.ts'
import {
  approveKeyEnding,
  askKeyEnding,
  endingApprovalsMissing,
  type KeyEndingChanged,
  refuseKeyEnding,
} from '#core/rotation/key-ending.ts'
import { progressOf } from '#core/rotation/steps.ts'
import { warningsOf } from '#core/rotation/warnings.ts'
import { strandsSomething, whatIfKey } from '#core/rotation/what-if-key.ts'
import { isFormName } from '#core/signing/artefact-key.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { keyStepsBefore, keySummary } from './key-what-if-words.ts'
import { type People, personHere } from './person-here.ts'

type RotationVerbs = Pick<
  Verbs,
  | 'key-ending.approve'
  | 'key-ending.ask'
  | 'key-ending.list'
  | 'key-ending.refuse'
  | 'rotation.advance'
  | 'rotation.begin'
  | 'rotation.carry'
  | 'rotation.give-up'
  | 'rotation.list'
  | 'rotation.show'
  | 'rotation.skip'
  | 'signing-key.what-if'
>

/** How one signing key follows another, and what its end would break. */
export function rotationVerbs(core: Core, people: People): RotationVerbs {
  const { ledger } = core
  const changing = async (
    id: string,
    call: Call,
    act: (rotation: Rotation) => Promise<RotationChanged>,
  ) => {
    const rotation = await ledger.read('rotation', id)
    if (rotation === undefined) return notFound(id)
    const differs = checkVersion(rotation, call)
    return differs ?? showChanged(await act(rotation), core)
  }
  return {
    'rotation.begin': async (asked, { caller }) => {
      const { product, from: fromId, to: toId, forms, because } = asked
      const [from, to] = [
        await ledger.read('artefactKey', fromId),
        await ledger.read('artefactKey', toId),
      ]
      if (from === undefined) return notFound(fromId)
      if (to === undefined) return notFound(toId)
      if (from.product !== product)
        return refuse('input-wrong', `from: ${from.name} is a key of another product`)
      const { threshold: thresholdPercent, silentDays, mostSilent: mostSilentPercent } = asked
      const terms = { thresholdPercent, silentDays, mostSilentPercent, forms, because }
      return showChanged(await beginRotation(from, to, terms, caller.actor, core), core)
    },

    'rotation.list': async ({ product, state, ...paging }) => {
      const walk =
        product === undefined
          ? ({ by: 'begun' } as const)
          : ({ by: 'product', equal: [product] } as const)
      const { items, next } = await ledger.list('rotation', {
        ...{ ...walk, where: { ...(state && { state }) }, descending: true, ...pageOf(paging) },
      })
      return { items: await Promise.all(items.map((one) => showRotation(one, core))), next }
    },

    'rotation.show': async ({ rotation: id }) => {
      const rotation = await ledger.read('rotation', id)
      return rotation === undefined ? notFound(id) : showProgress(rotation, core)
    },

    'rotation.carry': async ({ rotation, release: id }, call) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      return changing(rotation, call, (before) =>
        nameCarrier(before, release, call.caller.actor, core),
      )
    },

    'rotation.advance': async ({ rotation, because }, call) =>
      changing(rotation, call, (before) =>
        advanceRotation(before, because, call.caller.actor, core),
      ),

    'rotation.skip': async ({ rotation, step, because }, call) =>
      changing(rotation, call, (before) =>
        skipStep(before, step, because, call.caller.actor, core),
      ),

    'rotation.give-up': async ({ rotation, because }, call) =>
      changing(rotation, call, (before) =>
        giveUpRotation(before, because, call.caller.actor, core),
      ),

    'signing-key.what-if': async ({ key: id, at }) => {
      const key = await ledger.read('artefactKey', id)
      if (key === undefined) return notFound(id)
      const moment = at === undefined ? undefined : Temporal.Instant.from(at)
      return showWhatIf(await whatIfKey(key, moment, core))
    },

    'key-ending.ask': async ({ key: id, act, because }, { caller }) => {
      const key = await ledger.read('artefactKey', id)
      if (key === undefined) return notFound(id)
      return showEnded(await askKeyEnding(key, act, because, caller.actor, core), core)
    },

    'key-ending.list': async (paging) => {
      const { items, next } = await ledger.list('keyEnding', {
        ...{ by: 'asked', descending: true, ...pageOf(paging) },
      })
      return { items: await Promise.all(items.map((one) => showEnding(one, core))), next }
    },

    'key-ending.approve': async ({ ending: id, ...said }, call) => {
      const ending = await ledger.read('keyEnding', id)
      if (ending === undefined) return notFound(id)
      const differs = checkVersion(ending, call)
      if (differs !== undefined) return differs
      const here = await personHere(call.caller, said, people, core)
      if (here.kind === 'refused') return here
      const { name, role } = here.person
      // Whoever may end a key may agree that one ends, and nobody else, whichever way they came.
      if (role !== 'administrator')
        return refuse('not-permitted', `${name} is ${role}; an administrator agrees to this`)
      return showEnded(await approveKeyEnding(ending, here.person.id, core), core)
    },

    'key-ending.refuse': async ({ ending: id, because }, call) => {
      const ending = await ledger.read('keyEnding', id)
      if (ending === undefined) return notFound(id)
      const differs = checkVersion(ending, call)
      if (differs !== undefined) return differs
      return showEnded(await refuseKeyEnding(ending, because, call.caller.actor, core), core)
    },
  }
}

async function showChanged(
  changed: RotationChanged,
  core: Core,
): Promise<OutputOf<'rotation.show'> | Refused> {
  return changed.kind === 'refused' ? changed : showProgress(changed.rotation, core)
}

async function showRotation(one: Rotation, { ledger }: Core): Promise<OutputOf<'rotation.list'>> {
  const [from, to] = [
    await ledger.read('artefactKey', one.fromKey),
    await ledger.read('artefactKey', one.toKey),
  ]
  const { id, version, product, environment, fromKey, toKey, state, carrier, because } = one
  const { thresholdPercent, silentDays, mostSilentPercent, begunBy } = one
  return {
    ...{ id, version, product, environment, from: from?.name ?? fromKey, to: to?.name ?? toKey },
    ...{ fromKey, toKey, forms: one.forms.filter(isFormName), state, carrier },
    ...{ thresholdPercent, silentDays, mostSilentPercent, because, begunBy },
    ...{ begunAt: one.begunAt.toString(), endedAt: one.endedAt?.toString() ?? null },
  }
}

async function showProgress(rotation: Rotation, core: Core): Promise<OutputOf<'rotation.show'>> {
  const { from, to, anchors, steps, next, adoption } = await progressOf(rotation, core)
  const named = async ({ name, key }: typeof from) => {
    const record = await core.ledger.read('key', key)
    return { name, algorithm: record?.algorithm ?? 'unknown' }
  }
  const { firstLagging, firstSilent, ...counts } = adoption
  return {
    ...(await showRotation(rotation, core)),
    ...{ anchors: [...anchors], steps: steps.map((one) => ({ ...one })) },
    next: next === undefined ? null : `${next.name}: ${next.detail}`,
    adoption: { ...counts, firstLagging: [...firstLagging], firstSilent: [...firstSilent] },
    warnings: [
      ...warningsOf(rotation.forms.filter(isFormName), {
        ...{ from: await named(from), to: await named(to) },
      }),
    ],
  }
}

function showWhatIf(found: Awaited<ReturnType<typeof whatIfKey>>): OutputOf<'signing-key.what-if'> {
  const { key, at, chain, endsAt, effects, outlived, followers } = found
  const { inService, holding, dependent, unknown, first, lots, versions, published } = found.found
  return {
    ...{ key: key.id, name: key.name, state: key.state, at: at.toString() },
    ...{ breaks: strandsSomething(found), summary: keySummary(found) },
    chain: chain.map(({ subject, notAfter }) => ({ subject, notAfter: notAfter.toString() })),
    endsAt: endsAt?.toString() ?? null,
    ...{ inService, holding, dependent, unknown, first: [...first] },
    ...{ lots: [...lots], versions: [...versions] },
    releases: published.map(({ release }) => ({
      ...{ id: release.id, firmwareVersion: release.firmwareVersion, channel: release.channel },
      securityVersion: release.securityVersion,
      supportUntil: release.supportUntil?.toString() ?? null,
      outlivesCertificate: outlived.includes(release),
    })),
    effects: effects.map((one) => ({ ...one, releases: [...one.releases] })),
    followers: followers.map(({ name }) => name),
    steps: [...keyStepsBefore(found)],
  }
}

async function showEnded(changed: KeyEndingChanged, core: Core) {
  return changed.kind === 'refused' ? changed : showEnding(changed.ending, core)
}

async function showEnding(ending: KeyEnding, core: Core): Promise<OutputOf<'key-ending.list'>> {
  const key = await core.ledger.read('artefactKey', ending.artefactKey)
  const { id, version, artefactKey, act, state, devices, unknown, because } = ending
  return {
    ...{ id, version, signingKey: artefactKey, name: key?.name ?? '', act, state },
    ...{ devices, unknown, because, approvals: ending.approvals.map((one) => ({ ...one })) },
    approvalsMissing: endingApprovalsMissing(ending, core),
    ...{ askedBy: ending.askedBy, askedAt: ending.askedAt.toString() },
    ...{ decidedBy: ending.decidedBy, decidedAt: ending.decidedAt?.toString() ?? null },
  }
}
