// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { ArtefactKey, Rotation } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { signingStates } from '../releases/keys-of-line.ts'
import type { RotationPorts } from './ports.ts'

/** What is asked of the fleet before an old key ends. */
export interface RotationTerms {
  readonly thresholdPercent: number
  readonly silentDays: number
  readonly mostSilentPercent: number
  /** Absent: all forms of the old key. */
  readonly forms: readonly string[] | undefined
  readonly because: string
}

export type RotationChanged = { readonly kind: 'changed'; readonly rotation: Rotation } | Refused

/** Writes down that devices are to believe another key; nothing else changes by it. */
export async function beginRotation(
  from: ArtefactKey,
  to: ArtefactKey,
  { because, forms: asked, ...terms }: RotationTerms,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  const forms = [...new Set(asked ?? from.forms)]
  const unfit = refuseUnfit(from, to, forms)
  if (unfit !== undefined) return unfit
  const at = ports.clock.now()
  const rotation: Rotation = {
    ...{ id: newId('rotation', ports), version: 1, product: from.product },
    ...{ environment: from.environment, fromKey: from.id, toKey: to.id, forms, ...terms },
    ...{ carrier: null, skipped: [], state: 'open', openKey: from.id, because },
    ...{ begunBy: actor.id, begunAt: at, endedBy: null, endedAt: null, endedBecause: null },
  }
  const event: AuditEvent = {
    ...{ type: 'rotation-begun', at, actor, subjects: subjectsOf(rotation) },
    facts: { from: from.name, to: to.name, forms: forms.join(', '), ...terms, because },
  }
  const refused = await settle(
    { puts: [{ kind: 'rotation', record: rotation }], events: [event] },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', rotation }
}

function refuseUnfit(
  from: ArtefactKey,
  to: ArtefactKey,
  forms: readonly string[],
): Refused | undefined {
  if (from.id === to.id)
    return refuse('input-wrong', `to: ${from.name} is the key that is to be replaced`)
  if (from.product !== to.product || from.environment !== to.environment)
    return refuse(
      'environment-wrong',
      `${from.name} and ${to.name} are not of one product in one environment`,
    )
  if (!signingStates.includes(from.state))
    return refuse(
      'key-retired',
      `from: signing key ${from.name} is ${from.state}; one that signs is replaced`,
    )
  if (to.state !== 'next' && to.state !== 'current')
    return refuse('key-retired', `to: signing key ${to.name} is ${to.state}; make a new one`)
  for (const [which, { name, forms: known }] of Object.entries({ from, to })) {
    const missing = forms.find((form) => !known.includes(form))
    if (missing !== undefined)
      return refuse('input-wrong', `${which}: ${name} does not sign as ${missing}`)
  }
  return undefined
}

/** Whom events of a rotation are about. */
export function subjectsOf({ id, product, fromKey, toKey }: Rotation): readonly string[] {
  return [id, product, fromKey, toKey]
}
