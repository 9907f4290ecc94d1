// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { DevicePorts } from '../devices/ports.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Product, ReferenceValues } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** What a platform should measure. */
export type NewReference = Pick<
  ReferenceValues,
  'hardwareRevision' | 'firmwareVersion' | 'bank' | 'values'
>

export type ReferenceChanged =
  | { readonly kind: 'changed'; readonly reference: ReferenceValues }
  | Refused

/** Says what the platforms of a product measure when they run a firmware; there is one for each at a time. */
export async function addReference(
  product: Product,
  said: NewReference,
  actor: Actor,
  ports: DevicePorts,
): Promise<ReferenceChanged> {
  const { hardwareRevision, firmwareVersion, bank, values } = said
  const addedAt = ports.clock.now()
  const reference: ReferenceValues = {
    ...{ id: newId('referenceValues', ports), version: 1, product: product.id },
    ...{ hardwareRevision, firmwareVersion, bank, values, state: 'active' },
    activeKey: JSON.stringify([product.id, hardwareRevision, firmwareVersion, bank]),
    ...{ addedAt, addedBy: actor.id },
  }
  const registers = Object.keys(values).join(',')
  const refused = await settle(
    {
      puts: [{ kind: 'referenceValues', record: reference }],
      events: [
        {
          type: 'reference-added',
          at: addedAt,
          actor,
          subjects: [reference.id, product.id],
          facts: { product: product.name, firmwareVersion, hardwareRevision, bank, registers },
        },
      ],
    },
    ports.ledger,
  )
  if (refused?.reason === 'exists-already')
    return refuse(
      'exists-already',
      `${product.name} has reference values for firmware ${firmwareVersion} in ${bank} already; withdraw them first`,
    )
  return refused ?? { kind: 'changed', reference }
}

/** Ends reference values: a platform that measures so meets none any more. */
export async function withdrawReference(
  before: ReferenceValues,
  reason: string,
  actor: Actor,
  ports: DevicePorts,
): Promise<ReferenceChanged> {
  if (before.state === 'withdrawn') return { kind: 'changed', reference: before }
  const columns = { state: 'withdrawn', activeKey: null } as const
  const reference: ReferenceValues = { ...before, ...columns, version: before.version + 1 }
  const { id, product, firmwareVersion } = reference
  const refused = await settle(
    {
      puts: [{ kind: 'referenceValues', record: reference }],
      events: [
        {
          type: 'reference-withdrawn',
          at: ports.clock.now(),
          actor,
          subjects: [id, product],
          facts: { firmwareVersion, reason },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', reference }
}
