// SPDX-License-Identifier: Apache-2.0
import { parseStatusFile } from '#format/compact-status/status-file.ts'
import { FormatError } from '#format/format-error.ts'
import { readTrust } from '#trust/artefact/read-trust.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { checkSuccession } from '#trust/compact-status/open-status-file.ts'
import { refuse } from '#trust/refusal.ts'
import type { DevicePorts } from '../ports.ts'
import { type Files, replace } from '../state/files.ts'
import { fileOf } from '../state/state.ts'
import { type FirmwareRefused, type FirmwareTrust, readFirmwareTrust } from './firmware-trust.ts'
import {
  type FirmwareSettings,
  readFirmwareSettings,
  usualFirmwareSettings,
  writeFirmwareSettings,
} from './trust-settings.ts'

/** What a device is told of whom it believes; what is absent stays as it was. */
export interface TrustChange {
  /** PEM of public keys. */
  readonly keys?: string | undefined
  /** PEM of certificates. */
  readonly roots?: string | undefined
  readonly stampRoots?: string | undefined
  readonly statusFile?: Uint8Array | undefined
  readonly settings: Partial<FirmwareSettings>
}

/**
 * Takes in what was told, if all of it reads, and no status file goes back. Each file is replaced whole, wherever power is
 * cut; the settings come last.
 */
export function setFirmwareTrust(
  ports: Pick<DevicePorts, 'files' | 'clock'>,
  change: TrustChange,
): FirmwareTrust | FirmwareRefused {
  const { files } = ports
  const no = refuseUnread(change) ?? refuseOlderStatus(files, change.statusFile)
  if (no !== undefined) return no
  const { keys, roots, stampRoots, statusFile } = change
  if (keys !== undefined) replace(files, fileOf.firmwareKeys, keys)
  if (roots !== undefined) replace(files, fileOf.firmwareRoots, roots)
  if (stampRoots !== undefined) replace(files, fileOf.firmwareStampRoots, stampRoots)
  if (statusFile !== undefined) {
    files.write(`${fileOf.firmwareStatus}.part`, statusFile)
    files.rename(`${fileOf.firmwareStatus}.part`, fileOf.firmwareStatus)
    files.sync()
  }
  const before = readFirmwareSettings(files) ?? usualFirmwareSettings
  writeFirmwareSettings(files, { ...before, ...change.settings })
  return readFirmwareTrust(ports)
}

function refuseUnread({ keys, roots, stampRoots }: TrustChange): ArtefactRefused | undefined {
  for (const [what, text, label] of [
    ['keys', keys, 'PUBLIC KEY'],
    ['roots', roots, 'CERTIFICATE'],
    ['roots of time-stamps', stampRoots, 'CERTIFICATE'],
  ] as const)
    if (text !== undefined && !text.includes(`-----BEGIN ${label}-----`))
      return refuse('key-malformed', `the ${what} hold no ${label} in PEM`)
  const read = readTrust({
    ...{ keys: keys ?? '', roots: roots ?? '', stampRoots: stampRoots ?? '' },
    ...{ purpose: 'any', counter: undefined, demandsBoth: false, now: undefined },
  })
  return read.kind === 'refused' ? read : undefined
}

/** A file from before a revocation would give the thief of a key his signatures back. */
function refuseOlderStatus(files: Files, next: Uint8Array | undefined) {
  if (next === undefined) return undefined
  const held = files.read(fileOf.firmwareStatus)
  try {
    const parsed = parseStatusFile(next)
    return held === undefined ? undefined : checkSuccession(parseStatusFile(held), parsed)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('status-file-malformed', `it is no status file: ${error.message}`)
  }
}
