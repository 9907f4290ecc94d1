// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, EventType } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { ArtefactKey } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { revoke } from '../revocation/revoke.ts'

interface EndingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

export type Moved = { readonly kind: 'moved'; readonly key: ArtefactKey } | Refused

type Step = 'promote' | 'retiring' | 'retire' | 'revoke'

/** From which states a step leads where, and how it is told. */
const steps = {
  promote: { from: ['next'], to: 'current', event: 'artefact-key-promoted' },
  retiring: { from: ['current'], to: 'retiring', event: 'artefact-key-retiring' },
  retire: { from: ['next', 'current', 'retiring'], to: 'retired', event: 'artefact-key-retired' },
  revoke: {
    from: ['next', 'current', 'retiring', 'retired'],
    to: 'revoked',
    event: 'artefact-key-revoked',
  },
} as const satisfies Record<
  Step,
  { from: readonly ArtefactKey['state'][]; to: ArtefactKey['state']; event: EventType }
>

/**
 * Moves a key on in its life: what devices learn becomes what signs, what signs goes on beside the next one, and ends.
 *
 * A revoked one is reported as compromised: its certificates go on the revocation list, and the key is never used
 * again. What it signed stays what it is; which devices still believe it, is seen in what they report.
 */
export async function moveKey(
  before: ArtefactKey,
  step: Step,
  because: string,
  actor: Actor,
  ports: EndingPorts,
): Promise<Moved> {
  const { from, to, event } = steps[step]
  if (before.state === to) return { kind: 'moved', key: before }
  if (!from.some((state) => state === before.state))
    return refuse(
      'key-retired',
      `signing key ${before.name} is ${before.state}; only one that is ${from.join(' or ')} becomes ${to}`,
    )
  if (step === 'revoke' && before.certificate !== null) {
    const asked = { id: before.certificate, reason: 'keyCompromise', because } as const
    const revoked = await revoke(asked, actor, ports)
    if (revoked.kind === 'refused') return revoked
  }
  const at = ports.clock.now()
  const ends = to === 'retired' || to === 'revoked'
  const key: ArtefactKey = {
    ...{ ...before, version: before.version + 1, state: to, because },
    endedAt: ends ? at : before.endedAt,
  }
  const refused = await settle(
    {
      puts: [{ kind: 'artefactKey', record: key }, ...(await keyPuts(before, to, ports))],
      events: [
        {
          ...{ type: event, at, actor, subjects: [key.id, key.product, key.key] },
          facts: { name: key.name, because },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'moved', key }
}

/** The private half stays where it is, and is asked for nothing more. */
async function keyPuts(
  { key: id }: ArtefactKey,
  to: ArtefactKey['state'],
  { ledger }: EndingPorts,
): Promise<readonly Put[]> {
  if (to !== 'retired' && to !== 'revoked') return []
  const key = await ledger.read('key', id)
  const state = to === 'revoked' ? 'compromised' : 'retired'
  if (key === undefined || key.state === state) return []
  return [{ kind: 'key', record: { ...key, version: key.version + 1, state } }]
}
