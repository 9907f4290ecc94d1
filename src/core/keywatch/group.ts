// SPDX-License-Identifier: Apache-2.0
import type { WeaknessName } from '#trust/weak-keys/weaknesses.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { KeyFinding } from '../ledger/tables.ts'
import { allOf } from '../watch/pages.ts'

/** What keys of one cause may have in common, the most telling first. */
export const traitNames = [
  ...(['lot', 'registrar', 'firmware', 'hardwareRevision', 'source'] as const),
  ...(['sourceAddress', 'protection', 'productName'] as const),
] as const

export type TraitName = (typeof traitNames)[number]

/** One value of one trait. */
export interface Trait {
  readonly what: TraitName
  readonly value: string
  /** So many keys of the cause have it. */
  readonly keys: number
  /** So many devices, enrolments or keys of the fleet have it, as far as that is counted. */
  readonly inFleet: number | null
}

/** All that was found with one cause: what people decide about as one thing. */
export interface Group {
  readonly kind: WeaknessName
  readonly cause: Uint8Array
  readonly severity: KeyFinding['severity']
  /** The oldest one, which the alarm is about. */
  readonly first: KeyFinding
  /** Undecided ones among `keys`. */
  readonly proposed: number
  readonly keys: number
  readonly owners: number
  /** By trait, the commonest value first. */
  readonly traits: readonly Trait[]
  /** Those of the owners that are authorities, by id. */
  readonly authorities: readonly string[]
  /** Who has the keys: lots, if they are few and hold all of them, else products. */
  readonly cohorts: readonly GroupCohort[]
  /** When the first and the last of the keys were first certified, as far as that is known. */
  readonly certified: { readonly from: string; readonly until: string } | null
}

/** Devices that a renewal order can name; by the name of their product. */
export interface GroupCohort {
  readonly product: string
  readonly lot: string | null
}

/** Values of one trait that are told apart; of more, none is common to the keys. */
const mostValues = 1000
/** Values of one trait that are told. */
const mostTold = 3

/** Everything that was found with this cause; undefined: nothing was. */
export async function readGroup(
  kind: WeaknessName,
  cause: Uint8Array,
  ledger: Ledger,
): Promise<Group | undefined> {
  let first: KeyFinding | undefined
  let [keys, proposed] = [0, 0]
  let certified: Group['certified'] = null
  const owners = new Set<string>()
  const tallies = new Map(traitNames.map((name) => [name, new Map<string, Value>()]))
  for await (const one of allOf('keyFinding', ledger, { by: 'cause', equal: [cause] })) {
    if (one.kind !== kind) continue
    first ??= one
    keys++
    if (one.state === 'proposed') proposed++
    owners.add(one.owner)
    certified = spanWith(certified, one.facts['certifiedAt'])
    for (const [name, tally] of tallies) count(tally, valueOfTrait(one, name), one)
  }
  if (first === undefined) return undefined
  const traits: Trait[] = []
  for (const [what, tally] of tallies) {
    const common = [...tally].sort(([, left], [, right]) => right.keys - left.keys)
    for (const [value, { keys, sample }] of common.slice(0, mostTold))
      traits.push({ what, value, keys, inFleet: await countFleet(what, sample, ledger) })
  }
  const { severity } = first
  return {
    ...{ kind, cause, severity, first, proposed, keys, owners: owners.size, traits },
    authorities: [...owners].filter((owner) => owner.startsWith('aut_')),
    ...{ cohorts: cohortsOf(tallies, keys), certified },
  }
}

/** Above so many lots one order for the product is what people can oversee. */
const mostLots = 3

function cohortsOf(tallies: ReadonlyMap<TraitName, Tally>, all: number): readonly GroupCohort[] {
  const lots = [...(tallies.get('lot')?.values() ?? [])]
  const inLots = lots.reduce((sum, { keys }) => sum + keys, 0)
  if (lots.length <= mostLots && inLots === all)
    return lots.flatMap(({ sample }) => cohortOf(sample, sample.lot))
  const products = [...(tallies.get('productName')?.values() ?? [])]
  return products.flatMap(({ sample }) => cohortOf(sample, null))
}

function cohortOf({ facts }: KeyFinding, lot: string | null): readonly GroupCohort[] {
  const product = facts['productName']
  return typeof product === 'string' ? [{ product, lot }] : []
}

interface Value {
  keys: number
  /** Some finding that has it. */
  readonly sample: KeyFinding
}

type Tally = Map<string, Value>

function count(tally: Tally, value: string | undefined, sample: KeyFinding): void {
  if (value === undefined) return
  const known = tally.get(value)
  if (known !== undefined) known.keys++
  else if (tally.size < mostValues) tally.set(value, { keys: 1, sample })
}

/** Lots of two products that are named alike are two. */
function valueOfTrait(one: KeyFinding, name: TraitName): string | undefined {
  const { lot, registrar, firmware, facts } = one
  const fact = facts[name]
  switch (name) {
    case 'lot':
      return lot === null ? undefined : ofProduct(lot, one)
    case 'registrar':
      return registrar === null ? undefined : String(facts['registrarName'] ?? registrar)
    case 'firmware':
      return firmware ?? undefined
    default:
      return typeof fact === 'string' && fact !== '' ? fact : undefined
  }
}

function ofProduct(lot: string, { facts }: KeyFinding): string {
  const product = facts['productName']
  return typeof product === 'string' ? `${lot} of ${product}` : lot
}

/** Devices that never enrolled have no key that could be weak. */
const inService = ['provisioned', 'active', 'quarantined', 'retired'] as const

async function countFleet(
  what: TraitName,
  { lot, product, registrar, firmware }: KeyFinding,
  ledger: Ledger,
): Promise<number | null> {
  if (what === 'lot' && lot !== null) {
    const walk = { by: 'lot', equal: [lot] } as const
    const where = product === null ? {} : { product }
    const expected = await ledger.count('device', {
      ...walk,
      where: { ...where, state: 'expected' },
    })
    return (await ledger.count('device', { ...walk, where })) - expected
  }
  if (what === 'productName' && product !== null) {
    let devices = 0
    for (const state of inService)
      devices += await ledger.count('device', { by: 'productState', equal: [product, state] })
    return devices
  }
  if (what === 'registrar' && registrar !== null)
    return ledger.count('enrolment', {
      ...{ by: 'registrar', equal: [registrar], where: { operation: 'enrol' } },
    })
  if (what === 'firmware' && firmware !== null)
    return ledger.count('keyMaking', { by: 'firmware', equal: [firmware] })
  return null
}

function spanWith(span: Group['certified'], at: unknown): Group['certified'] {
  if (typeof at !== 'string') return span
  if (span === null) return { from: at, until: at }
  // As Temporal prints them, instants of one precision sort as text; a digit more or less does not matter here.
  return { from: at < span.from ? at : span.from, until: at > span.until ? at : span.until }
}
