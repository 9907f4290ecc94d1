// SPDX-License-Identifier: Apache-2.0
import { type HeldTrust, readTrust } from '#trust/artefact/read-trust.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { later } from '#trust/artefact/time-for.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { type Refused, refuse } from '#trust/refusal.ts'
import { readBond } from '../bond.ts'
import type { DevicePorts } from '../ports.ts'
import type { Files } from '../state/files.ts'
import { fileOf, knownTime } from '../state/state.ts'
import { programDate } from '../time.ts'
import { readFirmwareSettings, usualFirmwareSettings } from './trust-settings.ts'
import { readVersionBook } from './version-book.ts'

export type FirmwareRefused = ArtefactRefused | Refused<'firmware-nobody-believed'>

export interface FirmwareTrust {
  readonly kind: 'trust'
  readonly trust: DeviceTrust
  readonly statusMadeAt: Temporal.Instant | undefined
}

/**
 * What this device believes updates by: the keys and roots that it was told, else the roots of its own enrolment; its
 * status file; its counter; and of time the latest that anything it believes says, which its clock is held against.
 */
export function readFirmwareTrust({
  files,
  clock,
}: Pick<DevicePorts, 'files' | 'clock'>): FirmwareTrust | FirmwareRefused {
  const { counts, product, hardware, ...settings } =
    readFirmwareSettings(files) ?? usualFirmwareSettings
  const bond = readBond(files)
  const roots = textOf(files, fileOf.firmwareRoots)
  const keys = textOf(files, fileOf.firmwareKeys)
  const own = keys === '' && roots === '' && bond !== undefined ? textOf(files, fileOf.root) : ''
  if (keys === '' && roots === '' && own === '')
    return refuse(
      'firmware-nobody-believed',
      'the device was told no key and no root that it believes updates by, and is not enrolled',
    )
  const book = readVersionBook(files)
  const held: HeldTrust = {
    ...{ ...settings, keys, roots: roots === '' ? own : roots },
    stampRoots: textOf(files, fileOf.firmwareStampRoots),
    counter: counts ? book.counter : undefined,
    now: clock.now(),
    seen: later(book.seen, provenBy(files, bond?.roots ?? [])),
    ...(product !== undefined && { product }),
    ...(hardware !== undefined && { hardware }),
  }
  const statusFile = files.read(fileOf.firmwareStatus)
  const read = readTrust(
    statusFile === undefined
      ? held
      : { ...held, status: { statusFile, lists: [], whenUnknown: 'refuse' } },
  )
  if (read.kind === 'refused' || read.statusMadeAt === undefined) return read
  // What a believed file says was over when it was made.
  const { statusMadeAt, trust } = read
  return { kind: 'trust', trust: { ...trust, seen: later(trust.seen, statusMadeAt) }, statusMadeAt }
}

/** A moment that is surely over, by what the device holds, and by no clock. */
function provenBy(files: Files, roots: Parameters<typeof knownTime>[1]): Temporal.Instant {
  return knownTime(files, roots, programDate)
}

function textOf(files: Files, name: string): string {
  const bytes = files.read(name)
  return bytes === undefined ? '' : new TextDecoder().decode(bytes)
}
