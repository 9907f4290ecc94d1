// SPDX-License-Identifier: Apache-2.0
import type { Group, Trait, TraitName } from './group.ts'

const words: Readonly<Record<TraitName, string>> = {
  lot: 'lot',
  registrar: 'registrar',
  firmware: 'firmware',
  hardwareRevision: 'hardware revision',
  source: 'source of chance',
  sourceAddress: 'address',
  protection: 'protection',
  productName: 'product',
}

/** What is counted of the fleet, by trait. */
const counted: Readonly<Partial<Record<TraitName, string>>> = {
  lot: 'devices',
  productName: 'devices',
  registrar: 'enrolments',
  firmware: 'keys',
}

/** Most, if not all: what so many have in common still points to where to look. */
const most = 0.8

/**
 * What the keys of a cause have in common, and what sets them apart from the rest of the fleet, in one line.
 *
 * As "12 keys of 12 devices: all of lot L-7 of pump (12 of its 12 devices, none outside), registrar line-3".
 */
export function summarise({ keys, owners, traits }: Group): string {
  const all = traits.filter((one) => one.keys === keys && tells(one, keys))
  const nearly = traits.filter((one) => one.keys < keys && one.keys >= most * keys && keys > 2)
  const counts = `${keys} ${keys === 1 ? 'key' : 'keys'} of ${owners} ${owners === 1 ? 'owner' : 'owners'}`
  const said = [
    ...(all.length > 0 ? [`${keys === 1 ? '' : 'all '}of ${all.map(sayAll).join(', ')}`] : []),
    ...nearly.map((one) => `${one.keys} of ${keys} of ${words[one.what]} ${one.value}`),
  ]
  return said.length === 0 ? counts : `${counts}: ${said.join('; ')}`
}

/** A protection that nobody told says nothing, and what all the fleet has neither. */
function tells({ what, value }: Trait, keys: number): boolean {
  if (value === 'unknown') return false
  return what !== 'protection' || keys > 1
}

function sayAll({ what, value, keys, inFleet }: Trait): string {
  const name = `${words[what]} ${value}`
  const things = counted[what]
  if (inFleet === null || things === undefined) return name
  // A device that made another key since is counted once.
  if (inFleet <= keys) return `${name} (every one of its ${inFleet} ${things}, none outside)`
  return `${name} (${keys} of its ${inFleet} ${things})`
}
