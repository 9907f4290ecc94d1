// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Entrance, Product } from '../ledger/tables.ts'
import { type NamedParty, nameMaker } from '../people/maker.ts'
import type { Refused } from '../refusal.ts'
import {
  checkLabel,
  checkProfileFor,
  type DeviceKind,
  entranceOpened,
  issuingAuthority,
} from './entrance.ts'
import type { DevicePorts } from './ports.ts'

export interface NewProduct {
  readonly name: string
  readonly exposure: Product['exposure']
  /** The maker's name; undefined: the one maker that is known. */
  readonly maker: string | undefined
  /** The profile of its working identities; undefined: `ldevid`. */
  readonly profile?: string | undefined
  /** The profile of its birth identities; undefined: `idevid`. */
  readonly birthProfile?: string | undefined
}

export type ProductAdded =
  | { readonly kind: 'added'; readonly product: Product; readonly entrances: readonly Entrance[] }
  | Refused

interface DoorAsked {
  /** What follows the product's label. */
  readonly suffix: string
  readonly profile: string
  readonly kind: DeviceKind
  readonly isDefault: boolean
}

/** The two doors of a product. */
function doorsOf({ profile = 'ldevid', birthProfile = 'idevid' }: NewProduct): DoorAsked[] {
  return [
    { suffix: '', profile, kind: 'working', isDefault: true },
    { suffix: '-birth', profile: birthProfile, kind: 'birth', isDefault: false },
  ]
}

/** Adds a product, and opens its entrances for working and for birth identities. */
export async function addProduct(
  asked: NewProduct,
  actor: Actor,
  ports: DevicePorts,
): Promise<ProductAdded> {
  const label = labelOf(asked.name)
  if (label === undefined) {
    return refuse(
      'input-wrong',
      `"${asked.name}" has no letter or digit from a to z or 0 to 9 to make a label of`,
    )
  }
  const reserved = checkLabel(label)
  if (reserved !== undefined) return reserved
  const maker = await makerOf(asked.maker, actor, ports)
  if ('reason' in maker) return maker
  const authority = await issuingAuthority(ports.ledger)
  if ('reason' in authority) return authority
  const doors = doorsOf(asked)
  for (const { profile, kind } of doors) {
    const unfit = await checkProfileFor(profile, [kind], authority, ports.ledger)
    if (unfit !== undefined) return unfit
  }
  const now = ports.clock.now()
  const product: Product = {
    id: newId('product', ports),
    version: 1,
    name: asked.name,
    party: maker.party.id,
    exposure: asked.exposure,
    createdAt: now,
  }
  const entrances = doors.map(({ suffix, profile, isDefault }): Entrance => {
    return {
      id: newId('entrance', ports),
      version: 1,
      label: `${label}${suffix}`,
      product: product.id,
      profile,
      authority: authority.id,
      isDefault,
      createdAt: now,
    }
  })
  const refused = await settle(
    {
      puts: [
        ...maker.puts,
        { kind: 'product', record: product },
        ...entrances.map((record): Put => ({ kind: 'entrance', record })),
      ],
      events: [
        ...maker.events,
        {
          type: 'product-added',
          at: now,
          actor,
          subjects: [product.id, maker.party.id],
          facts: { name: product.name, exposure: product.exposure },
        },
        ...entrances.map((entrance) => entranceOpened(entrance, actor)),
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', product, entrances }
}

/** The label that stands in a URL (RFC 7030 section 3.2.2): at most 40 of a to z, 0 to 9 and dashes. */
export function labelOf(name: string): string | undefined {
  const label = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return label === '' ? undefined : label
}

async function makerOf(
  name: string | undefined,
  actor: Actor,
  ports: DevicePorts,
): Promise<NamedParty | Refused> {
  if (name !== undefined) return nameMaker(name, actor, ports)
  const { items } = await ports.ledger.list('party', { limit: 100 })
  const [maker, another] = items.filter((party) => party.role === 'maker')
  if (maker === undefined) {
    return refuse('input-wrong', 'no maker is known yet; say who makes the product (maker)')
  }
  if (another !== undefined) {
    return refuse(
      'input-wrong',
      'there are several makers; say which one makes the product (maker)',
    )
  }
  return { party: maker, puts: [], events: [] }
}

/** The entrances of a product, oldest first. */
export async function entrancesOf(product: string, ledger: Ledger): Promise<readonly Entrance[]> {
  const { items } = await ledger.list('entrance', { by: 'product', equal: [product], limit: 100 })
  return items
}
