// SPDX-License-Identifier: Apache-2.0

import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, type PemBlock, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { type Credential, parseCredential } from '../credential.ts'
import { DeviceFault } from '../fault.ts'
import { keyLabels } from '../keys/device-keys.ts'
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
  attestation: 'attestation.pem',
  firmwareBook: 'firmware',
  firmwareKeys: 'firmware.keys.pem',
  firmwareNext: 'firmware.next',
  firmwareRoots: 'firmware.roots.pem',
  firmwareSettings: 'firmware.settings',
  firmwareStampRoots: 'firmware.stamp-roots.pem',
  firmwareStatus: 'firmware.status',
  noise: 'noise',
  root: 'root.pem',
  told: 'told',
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
 * The pinned roots, the oldest first: those that the settings name, and no other that the file may hold.
 *
 * @throws DeviceFault state-damaged unless each of them is there, to the byte
 */
export function readRoots(files: Files, settings: Settings): readonly Certificate[] {
  const there = rootsIn(files)
  return pinnedBy(settings).map((digest) => {
    const root = there.get(digest)
    if (root === undefined)
      throw new DeviceFault('state-damaged', `${fileOf.root} does not hold the root ${digest}`)
    return root
  })
}

function pinnedBy({ pinned, root }: Settings): readonly string[] {
  return pinned ?? [root]
}

function rootsIn(files: Files): ReadonlyMap<string, Certificate> {
  try {
    const blocks = parsePem(readText(files, fileOf.root) ?? '')
    return new Map(blocks.map(({ bytes }) => [sha256(bytes).toHex(), parseCertificate(bytes)]))
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new DeviceFault('state-damaged', `${fileOf.root} holds no roots: ${cause.message}`, {
      cause,
    })
  }
}

/**
 * Pins these roots in the place of those before: all of them, or none of the change, wherever power is cut.
 *
 * The settings say which roots count, and change in one rename. Before it the file of roots holds both the
 * old and the new ones, after it the new ones alone; what a cut leaves too much of, `trimRoots` takes out.
 */
export function writeRoots(
  files: Files,
  settings: Settings,
  roots: readonly Certificate[],
): Settings {
  const digests = roots.map(({ der }) => sha256(der).toHex())
  const before = readRoots(files, settings)
  writeRootFile(files, [...before, ...roots.filter((one) => !holds(before, one))])
  const next = { ...settings, pinned: digests }
  replace(files, fileOf.settings, encodeSettings(next))
  trimRoots(files, next)
  return next
}

/** Takes out of the file of roots what the settings do not name (any more). */
export function trimRoots(files: Files, settings: Settings): void {
  if (rootsIn(files).size > pinnedBy(settings).length)
    writeRootFile(files, readRoots(files, settings))
}

function writeRootFile(files: Files, roots: readonly Certificate[]): void {
  replace(files, fileOf.root, roots.map(({ der }) => encodePem('CERTIFICATE', der)).join(''))
}

function holds(roots: readonly Certificate[], { der }: Certificate): boolean {
  return roots.some((one) => sameBytes(one.der, der))
}

/** Keeps what the server certified of the attestation key; nothing is known of it if that is nothing. */
export function writeAttestationCertificate(files: Files, chain: readonly Uint8Array[]): void {
  if (chain.length === 0) return
  replace(files, fileOf.attestation, chain.map((der) => encodePem('CERTIFICATE', der)).join(''))
}

/** The keys that any file of ours names, whatever it waits for. */
export function keysNamed(files: Files): readonly string[] {
  return (['birth', 'working'] as const)
    .flatMap((slot) => [fileOf.request(slot), fileOf.next(slot), fileOf.inUse(slot)])
    .flatMap((name) => parsePemIfAny(readText(files, name)))
    .filter(({ label }) => keyLabels.includes(label))
    .map(({ label, bytes }) => encodePem(label, bytes))
}

/** A file that cannot be read names no key: what it was for is asked for again. */
function parsePemIfAny(text: string | undefined): readonly PemBlock[] {
  try {
    return text === undefined ? [] : parsePem(text)
  } catch (error) {
    if (error instanceof FormatError) return []
    throw error
  }
}

/** A moment that is surely over: by the machine's clock, or by what the roots vouch for. */
export function knownTime(files: Files, roots: readonly Certificate[], clock: Temporal.Instant) {
  const held = [fileOf.inUse('birth'), fileOf.inUse('working')].flatMap((name) => {
    const credential = readCredential(files, name)
    return credential === undefined ? [] : [credential.leaf, ...credential.intermediates]
  })
  const proven = provenTime([...roots, ...held])
  return Temporal.Instant.compare(clock, proven) < 0 ? proven : clock
}

function readText(files: Files, name: string): string | undefined {
  const bytes = files.read(name)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
