// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Rotation } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { moveKey } from '../signing/end-key.ts'
import { type Dependents, dependentsOn } from './dependents.ts'
import { progressOf, type StepName } from './steps.ts'

type Ports = { readonly ledger: Ledger; readonly clock: Clock }
type Move = Parameters<typeof moveKey>[1]

/** Of a key and a product, more stand open at no time. */
const mostRotations = 100

/** The rotations of a product that are open, the newest first. */
export async function openRotations(product: string, ledger: Ledger): Promise<readonly Rotation[]> {
  const { items } = await ledger.list('rotation', {
    ...{ by: 'product', equal: [product], where: { state: 'open' } },
    ...{ descending: true, limit: mostRotations },
  })
  return items
}

/** Why a key must not move on now, if so: a rotation waits for something else, or devices would be left behind. */
export async function judgeMove(
  key: ArtefactKey,
  move: Move,
  ports: Ports,
): Promise<Refused | undefined> {
  const open = await openRotations(key.product, ports.ledger)
  const to = open.find(({ toKey }) => toKey === key.id)
  if (move === 'promote') return to && refuseBefore(to, 'signed-with-both', ports)
  const from = open.find(({ fromKey }) => fromKey === key.id)
  if (move === 'retiring') return from && refuseBefore(from, 'signed-with-both', ports)
  const ending = await judgeEnding(key, from, ports)
  // What was stolen waits for no rotation.
  return ending ?? (move === 'retire' ? judgeRetiring(key, from, to, ports) : undefined)
}

/** A key that no device needs ends freely, but not behind the back of a rotation: it would never come to its end. */
async function judgeRetiring(
  { name, state }: ArtefactKey,
  from: Rotation | undefined,
  to: Rotation | undefined,
  ports: Ports,
): Promise<Refused | undefined> {
  if (state === 'retired' || state === 'revoked') return undefined
  const giveUp = 'go on with it ("rotation advance"), or give it up ("rotation give-up")'
  if (to !== undefined)
    return refuse('rotation-step-waits', `rotation ${to.id} leads to ${name}: ${giveUp}`)
  const waits = from && (await refuseBefore(from, 'old-retired', ports))
  return waits && refuse(waits.reason, `${waits.detail}; ${giveUp}`)
}

/** What has to be done or passed over before a step. */
export async function refuseBefore(
  rotation: Rotation,
  step: StepName,
  ports: Ports,
): Promise<Refused | undefined> {
  const { steps } = await progressOf(rotation, ports)
  const upTo = steps.findIndex(({ name }) => name === step)
  const waits = steps.slice(0, upTo).find(({ state }) => state === 'waits')
  return (
    waits &&
    refuse('rotation-step-waits', `rotation ${rotation.id} is at ${waits.name}: ${waits.detail}`)
  )
}

/** A key that devices need ends once its successor's adoption is proved. */
async function judgeEnding(
  key: ArtefactKey,
  rotation: Rotation | undefined,
  ports: Ports,
): Promise<Refused | undefined> {
  if (key.state === 'retired' || key.state === 'revoked') return undefined
  const found = await dependentsOn(key, ports.ledger)
  if (found.dependent + found.unknown === 0) return undefined
  const waits = rotation && (await refuseBefore(rotation, 'old-retired', ports))
  if (rotation !== undefined && waits === undefined) return undefined
  const next = waits?.detail ?? 'rotate it ("rotation begin")'
  return refuse(
    'key-depended-on',
    `${dependenceText(key, found)}; ${next}, or end it all the same with a second person ("key-ending ask")`,
  )
}

/** In words: who would be left behind. */
export function dependenceText({ name }: ArtefactKey, { dependent, unknown, first }: Dependents) {
  const named =
    first.length === 0 ? '' : ` (${first.slice(0, 3).join(', ')}${dependent > 3 ? ' …' : ''})`
  return [
    ...(dependent === 0
      ? []
      : [`${dependent} devices${named} believe updates of ${name} and of no other key`]),
    ...(unknown === 0
      ? []
      : [`${unknown} devices never said whom they believe, and ${name} signed what was published`]),
  ].join('; ')
}
