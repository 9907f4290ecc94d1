// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Rotation } from '../ledger/tables.ts'
import { fleetOf, type Unit } from './fleet.ts'

/** How far a new anchor came among the devices of a product. */
export interface Adoption {
  /** Devices in service, silent ones among them. */
  readonly inService: number
  /** Those of them that were heard of lately; shares are of these. */
  readonly heard: number
  /** Of the heard, those that report the new anchor. */
  readonly adopted: number
  /** Nothing was heard of them for long, or ever. */
  readonly silent: number
  /** Serials of the first of either, by the ids of the devices. */
  readonly firstSilent: readonly string[]
  readonly firstLagging: readonly string[]
}

type Terms = Pick<Rotation, 'product' | 'silentDays'>

/** Devices that are named; lists show all. */
const mostNamed = 10

/** Counts which devices report all of these anchors, and names some that do not. */
export async function countAdoption(
  { product, silentDays }: Terms,
  anchors: readonly string[],
  now: Temporal.Instant,
  ledger: Ledger,
): Promise<Adoption> {
  const since = now.subtract({ hours: 24 * silentDays })
  const isHere = (unit: Unit) => anchors.every((one) => unit.installed?.anchors.includes(one))
  let [inService, heard, adopted] = [0, 0, 0]
  const firstSilent: string[] = []
  const firstLagging: string[] = []
  for await (const units of fleetOf(product, ledger)) {
    inService += units.length
    const there = units.filter((unit) => isHeard(unit, since))
    const lagging = there.filter((unit) => !isHere(unit))
    heard += there.length
    adopted += there.length - lagging.length
    addSerials(firstLagging, lagging)
    if (firstSilent.length < mostNamed)
      addSerials(
        firstSilent,
        units.filter((unit) => !isHeard(unit, since)),
      )
  }
  return { inService, heard, adopted, silent: inService - heard, firstSilent, firstLagging }
}

/** The first of them are named. */
function addSerials(named: string[], units: readonly Unit[]): void {
  named.push(...units.slice(0, mostNamed - named.length).map(({ device }) => device.serial))
}

/** A device that renewed its identity is there, though it may report nothing: it counts against a new anchor. */
function isHeard({ device, installed }: Unit, since: Temporal.Instant): boolean {
  return [device.seenAt, installed?.reportedAt].some(
    (at) => at !== null && at !== undefined && Temporal.Instant.compare(at, since) >= 0,
  )
}

/** Whether so many believe the new key, and so few are silent, as the rotation asks. */
export function isProved(
  { inService, heard, adopted, silent }: Adoption,
  { thresholdPercent, mostSilentPercent }: Rotation,
): boolean {
  return adopted * 100 >= thresholdPercent * heard && silent * 100 <= mostSilentPercent * inService
}

/** In words: how far it came, and what is missing. */
export function adoptionText(adoption: Adoption, rotation: Rotation): string {
  const { inService, heard, adopted, silent } = adoption
  const { thresholdPercent, silentDays, mostSilentPercent } = rotation
  if (inService === 0) return 'no device is in service'
  const share = heard === 0 ? 0 : Math.floor((adopted * 100) / heard)
  return [
    `${adopted} of ${heard} devices that are heard of report the new anchor: ${share} percent, ${thresholdPercent} are asked`,
    ...(silent === 0
      ? []
      : [
          `${silent} of ${inService} were silent for ${silentDays} days, at most ${mostSilentPercent} percent may be`,
        ]),
  ].join('; ')
}
