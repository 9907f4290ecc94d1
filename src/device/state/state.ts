// SPDX-License-Identifier: Apache-2.0

import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { type Credential, parseCredential } from '../credential.ts'
import { DeviceFault } from '../fault.ts'
import { provenTime } from '../time.ts'
import { type Files, replace } from './files.ts'
import { encodeSettings, parseSettings, type Settings } from './settings.ts'

/** The two identities that a device may hold. Birth identity: IDevID; working identity: LDevID. */
export type Slot = 'birth' | 'working'

/**
 * Where a credential stands on its way, which is the name of its file:
 * asked (`request`: a key and what was asked for it) -> received, unproven (`next`) -> in use.
 */
export const fileOf = {
  request: (slot: Slot) => `${slot}.request.pem`,
  next: (slot: Slot) => `${slot}.next.pem`,
  inUse: (slot: Slot) => `${slot}.pem`,
  damaged: 'working.damaged.pem',
  root: 'root.pem',
  settings: 'settings',
} as const

export function readSettings(files: Files): Settings | undefined {
  const text = readText(files, fileOf.settings)
  return text === undefined ? undefined : parseSettings(text)
}

export function readCredential(files: Files, name: string): Credential | undefined {
  const text = readText(files, name)
  return text === undefined ? undefined : parseCredential(text, name)
}

/** Writes down whom the device belongs to; the root first, because the settings count only with it. */
export function writeEnrolment(files: Files, settings: Settings, root: Certificate): void {
  replace(files, fileOf.root, encodePem('CERTIFICATE', root.der))
  replace(files, fileOf.settings, encodeSettings(settings))
}

/**
 * The pinned root.
 *
 * @throws DeviceFault state-damaged unless its digest is the one that the user gave at the beginning
 */
export function readRoot(files: Files, settings: Settings): Certificate {
  const text = readText(files, fileOf.root) ?? ''
  try {
    const [block] = parsePem(text)
    if (block !== undefined && sha256(block.bytes).toHex() === settings.root) {
      return parseCertificate(block.bytes)
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
  }
  throw new DeviceFault('state-damaged', `${fileOf.root} is not the root ${settings.root}`)
}

/** A moment that is surely over: by the machine's clock, or by what the root vouches for. */
export function knownTime(files: Files, root: Certificate, clock: Temporal.Instant) {
  const held = [fileOf.inUse('birth'), fileOf.inUse('working')].flatMap((name) => {
    const credential = readCredential(files, name)
    return credential === undefined ? [] : [credential.leaf, ...credential.intermediates]
  })
  const proven = provenTime([root, ...held])
  return Temporal.Instant.compare(clock, proven) < 0 ? proven : clock
}

function readText(files: Files, name: string): string | undefined {
  const bytes = files.read(name)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
