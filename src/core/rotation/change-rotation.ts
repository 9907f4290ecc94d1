// SPDX-License-Identifier: Apache-2.0
/** What people say to a rotation that is open: who carries it, what is passed over, that it is given up. */
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Release, Rotation } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { type RotationChanged, subjectsOf } from './begin-rotation.ts'
import type { RotationPorts } from './ports.ts'
import { progressOf, type StepName } from './steps.ts'

/** The rule that is relaxed, as exceptions name it. */
export const stepSkipped = 'rotation-step-skipped'

/** Says which release brings the new anchors: nobody but its maker knows what is built into it. */
export async function nameCarrier(
  before: Rotation,
  release: Release,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  const closed = refuseClosed(before)
  if (closed !== undefined) return closed
  if (release.product !== before.product || release.environment !== before.environment)
    return refuse(
      'input-wrong',
      `release: ${release.firmwareVersion} is of another product or environment`,
    )
  if (release.state === 'withdrawn')
    return refuse('release-state-wrong', `release ${release.firmwareVersion} is withdrawn`)
  const facts = { release: release.id, firmwareVersion: release.firmwareVersion }
  const columns = { carrier: release.id }
  return change(before, columns, 'rotation-carrier-named', facts, [], actor, ports)
}

/**
 * Passes over the step that waits, as an exception with its reason.
 *
 * Not over the proof of adoption, nor over the end of the old key: whoever leaves devices behind says so of the key
 * itself, with a second person.
 */
export async function skipStep(
  before: Rotation,
  step: StepName,
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  const closed = refuseClosed(before)
  if (closed !== undefined) return closed
  if (step !== 'anchors-shipped' && step !== 'signed-with-both')
    return refuse(
      'rotation-step-waits',
      `${step} is not passed over here: "key-ending ask" ends a key that devices depend on, with a second person`,
    )
  const { next } = await progressOf(before, ports)
  if (next?.name !== step)
    return refuse(
      'rotation-step-waits',
      `it is not at ${step}: ${next === undefined ? 'all is done' : `${next.name} waits: ${next.detail}`}`,
    )
  const at = ports.clock.now()
  const id = newId('exception', ports)
  const exception: Put = {
    kind: 'exception',
    record: {
      ...{ id, version: 1, rule: stepSkipped, subject: before.id, grantedBy: actor.id },
      ...{ reason: `${step}: ${because}`, until: null, createdAt: at },
    },
  }
  const columns = { skipped: [...before.skipped, { step, exception: id, by: actor.id }] }
  return change(before, columns, stepSkipped, { step, because }, [exception], actor, ports)
}

/** Gives it up: keys stay what they are. */
export async function giveUpRotation(
  before: Rotation,
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  return refuseClosed(before) ?? endRotation(before, 'given-up', because, actor, ports)
}

/** Closes it, done or given up. */
export function endRotation(
  before: Rotation,
  state: 'done' | 'given-up',
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  const columns = {
    ...{ state, openKey: null, endedBy: actor.id, endedAt: ports.clock.now() },
    endedBecause: because,
  }
  return change(before, columns, 'rotation-ended', { state, because }, [], actor, ports)
}

export function refuseClosed({ id, state }: Rotation): Refused | undefined {
  return state === 'open' ? undefined : refuse('decided-already', `rotation ${id} is ${state}`)
}

async function change(
  before: Rotation,
  columns: Partial<Rotation>,
  type: 'rotation-carrier-named' | 'rotation-ended' | typeof stepSkipped,
  facts: AuditEvent['facts'],
  puts: readonly Put[],
  actor: Actor,
  { ledger, clock }: RotationPorts,
): Promise<RotationChanged> {
  const rotation: Rotation = { ...before, ...columns, version: before.version + 1 }
  const refused = await settle(
    {
      puts: [{ kind: 'rotation', record: rotation }, ...puts],
      events: [{ type, at: clock.now(), actor, subjects: subjectsOf(rotation), facts }],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', rotation }
}
