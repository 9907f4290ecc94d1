// SPDX-License-Identifier: Apache-2.0
import type { Severity } from './kinds.ts'

/** How long before an end its alarm is raised, and how bad it is then; each says why. */
export interface Threshold {
  readonly before: Temporal.Duration
  readonly severity: Severity
  readonly because: string
}

const day = 24
const hours = (count: number) => Temporal.Duration.from({ hours: count })

/** From the earliest to the latest: the last one that is reached counts. */
export const thresholds = {
  root: [
    {
      before: hours(2 * 365 * day),
      severity: 'notice',
      because: 'a new root has to reach every device in the field before the old one ends',
    },
    {
      before: hours(365 * day),
      severity: 'warning',
      because: 'devices that are serviced once a year see one visit more',
    },
    {
      before: hours(30 * day),
      severity: 'critical',
      because: 'all that stands under it ends with it',
    },
  ],
  issuing: [
    {
      before: hours(90 * day),
      severity: 'notice',
      because: 'a quarter is enough to plan a ceremony with the root key',
    },
    {
      before: hours(30 * day),
      severity: 'warning',
      because: 'devices that renew now still need an authority after it',
    },
    {
      before: hours(7 * day),
      severity: 'critical',
      because: 'after its end no device gets a certificate from it',
    },
  ],
  foreign: [
    {
      before: hours(90 * day),
      severity: 'notice',
      because: 'its maker has to be asked for its successor',
    },
    {
      before: hours(14 * day),
      severity: 'critical',
      because: 'after its end no device comes in by a birth certificate of it',
    },
  ],
  /** Of somebody who signs for our profiles. */
  upstream: [
    {
      before: hours(180 * day),
      severity: 'notice',
      because:
        'whoever signs there has to be asked for its successor, which every device has to know',
    },
    {
      before: hours(30 * day),
      severity: 'critical',
      because: 'after its end nothing that it signed is good any more',
    },
  ],
  /** Of makers of TPMs and secure elements. */
  vendor: [
    {
      before: hours(180 * day),
      severity: 'notice',
      because: 'its maker has published a successor by then, or has to be asked for one',
    },
    {
      before: hours(30 * day),
      severity: 'warning',
      because: 'after its end no device with such a chip can prove it, unless its bundle says so',
    },
  ],
  /** Root and issuer of a trial, which ends 90 days after it began. */
  trial: [
    {
      before: hours(30 * day),
      severity: 'notice',
      because: 'a trial ends by itself, and whoever wants to go on begins anew in production',
    },
    {
      before: hours(7 * day),
      severity: 'warning',
      because: 'all that it issued ends with it',
    },
  ],
  /** Of signing keys, where it ends before the support of what they signed: told from the day that this is so. */
  signer: [
    {
      before: hours(365 * day),
      severity: 'warning',
      because:
        'what was published has to be signed anew and to reach devices that are seen once a year',
    },
    {
      before: hours(30 * day),
      severity: 'critical',
      because: 'after its end devices refuse what they are to be mended with',
    },
  ],
  /** The server renews its own at half of its life, and tries every hour. */
  server: [
    {
      before: hours(7 * day),
      severity: 'warning',
      because: 'its renewal has failed for weeks by then',
    },
    {
      before: hours(2 * day),
      severity: 'critical',
      because: 'after its end no device connects any more',
    },
  ],
  /** People, machines, signers: nobody renews them by themselves. */
  other: [
    {
      before: hours(30 * day),
      severity: 'notice',
      because: 'whoever holds it has to do something, and may be on leave',
    },
    {
      before: hours(7 * day),
      severity: 'warning',
      because: 'a week is what a person needs to get another one',
    },
  ],
  invitation: [
    {
      before: hours(day),
      severity: 'notice',
      because: 'on the last day the invited one can still be asked',
    },
  ],
} as const satisfies Record<string, readonly Threshold[]>

/** Of the thresholds that an end has reached, the last; undefined: it is far off. */
export function reached(
  table: readonly Threshold[],
  end: Temporal.Instant,
  now: Temporal.Instant,
): Threshold | undefined {
  const leftHours = end.since(now).total('hours')
  return table.findLast(({ before }) => leftHours <= before.total('hours'))
}

/**
 * The part of a working identity's life after which its renewal is late.
 *
 * A device renews by itself between 67 and 72 hundredths of the life, and a server's word may hold it up
 * to nine tenths; at four fifths one that is well has had days of tries.
 */
export const lateShare = 4 / 5

/** Devices of one product that get an alarm of their own; beyond, only their number is told. */
export const mostSingle = 20

/** Codes that run out within a day unused, from which on somebody should ask why. */
export const manyCodes = 100
