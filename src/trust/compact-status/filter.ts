// SPDX-License-Identifier: Apache-2.0
import { type Filter, leastColumns, mostColumns, mostPlanes } from '#format/compact-status/block.ts'
import { exactPlace, fingerprint, type KeyHash, type Place, roughPlace } from './key-hash.ts'
import { type Equations, solve, valueAt } from './ribbon.ts'

/** Whether a key is meant; for a key that was not in the set the answer is chance. */
export function isMeant(filter: Filter, hash: KeyHash): boolean {
  switch (filter.form) {
    case 'all':
      return true
    case 'none':
    case 'ended':
      return false
    case 'members':
      return isInTables(filter, hash)
    case 'others':
      return !isInTables(filter, hash)
  }
}

type Tables = Extract<Filter, { readonly planes: number }>

function isInTables(tables: Tables, hash: KeyHash): boolean {
  if (!fits(tables, hash)) return false
  if (tables.exactColumns === 0) return true
  const { place, low, high } = exactPlace(hash)
  return valueAt(tables.exact, tables.exactColumns, 1, place, low, high) === 1
}

function fits({ rough, columns, planes }: Tables, hash: KeyHash): boolean {
  const { place, low, high } = roughPlace(hash)
  return valueAt(rough, columns, planes, place, low, high) === fingerprint(hash, planes)
}

/**
 * A filter that is exact for every key of the set.
 *
 * Of the meant (or of the others, whoever are fewer) each has its fingerprint in the first table; of the rest one
 * in 2^planes fits by chance, and the second table tells those from the meant.
 *
 * @param hashes of all keys of the set
 * @param meant 1 for each key that is meant
 * @returns undefined if two keys are in each other's way: another salt helps
 */
export function buildFilter(hashes: readonly KeyHash[], meant: Uint8Array): Filter | undefined {
  const count = meant.reduce((sum, one) => sum + one, 0)
  if (count === 0) return { form: 'none' }
  if (count === hashes.length) return { form: 'all' }
  const form = count * 2 <= hashes.length ? 'members' : 'others'
  const wanted = form === 'members' ? 1 : 0
  const inside = hashes.filter((_, index) => meant[index] === wanted)
  const outside = hashes.filter((_, index) => meant[index] !== wanted)
  const planes = cheapestPlanes(inside.length, outside.length)
  const rough = tableFor(
    inside.map(roughPlace),
    (index) => fingerprint(inside[index]!, planes),
    planes,
  )
  if (rough === undefined) return undefined
  const found = { form, planes, columns: rough.columns, rough: rough.table } as const
  const tables = { ...found, exactColumns: 0, exact: new Uint8Array() } as const
  const strangers = outside.filter((hash) => fits(tables, hash))
  if (strangers.length === 0) return tables
  const places = [...inside, ...strangers].map(exactPlace)
  const exact = tableFor(places, (index) => (index < inside.length ? 1 : 0), 1)
  return exact && { ...found, exactColumns: exact.columns, exact: exact.table }
}

/** How many bits of fingerprint make both tables together smallest. */
export function cheapestPlanes(inside: number, outside: number): number {
  let [best, least] = [1, Number.POSITIVE_INFINITY]
  for (let planes = 1; planes <= mostPlanes; planes++) {
    const strangers = outside / 2 ** planes
    const bits =
      inside * planes + (strangers < 0.25 ? 0 : Math.max(leastColumns, inside + strangers))
    if (bits < least) [best, least] = [planes, bits]
  }
  return best
}

interface Table {
  readonly columns: number
  readonly table: Uint8Array
}

/**
 * The smallest table that this way finds: from as many columns as keys on, a little more each time. In blocks
 * of our size two columns in a hundred more are enough.
 */
function tableFor(
  places: readonly Place[],
  wantedOf: (index: number) => number,
  planes: number,
): Table | undefined {
  const equations: Equations = {
    count: places.length,
    places: Uint32Array.from(places, ({ place }) => place),
    low: Uint32Array.from(places, ({ low }) => low),
    high: Uint32Array.from(places, ({ high }) => high),
    values: Uint32Array.from(places, (_, index) => wantedOf(index)),
  }
  const most = Math.min(mostColumns, places.length * 2 + 4 * leastColumns)
  const step = Math.max(1, places.length >> 8)
  for (let columns = Math.max(leastColumns, places.length); columns <= most; columns += step) {
    const table = solve(equations, columns, planes)
    if (table !== undefined) return { columns, table }
  }
  return undefined
}
