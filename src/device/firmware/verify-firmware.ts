// SPDX-License-Identifier: Apache-2.0
/** Whether this device believes an update, and what it remembers of the one that it installed. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { findForm, formNamed } from '#trust/artefact/find-form.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { presentOf } from '#trust/artefact/time-for.ts'
import type { DeviceTrust, Verdict } from '#trust/artefact/verdict.ts'
import { type Refused, refuse } from '#trust/refusal.ts'
import { DeviceFault } from '../fault.ts'
import type { DevicePorts } from '../ports.ts'
import { type Files, replace } from '../state/files.ts'
import { fileOf } from '../state/state.ts'
import { type FirmwareRefused, readFirmwareTrust } from './firmware-trust.ts'
import { deviceTools } from './unpack.ts'
import { mostCounter, raiseVersionBook, type VersionBook } from './version-book.ts'

export interface Update {
  readonly source: ByteSource
  /** Of a signature that stands beside what it signs: what was signed. */
  readonly beside?: ByteSource | undefined
  /** Its form; undefined: what is in it says. */
  readonly form?: string | undefined
}

export interface Believed {
  readonly kind: 'believed'
  readonly form: ArtefactFormName
  readonly verdict: Verdict
  /** The latest time that what was believed says; undefined: none that the clock did not know. */
  readonly seen: Temporal.Instant | undefined
}

/** Changes nothing on the device. */
export async function verifyFirmware(
  ports: Pick<DevicePorts, 'files' | 'clock'>,
  { source, beside, form: named }: Update,
): Promise<Believed | FirmwareRefused> {
  const held = readFirmwareTrust(ports)
  if (held.kind === 'refused') return held
  const forms = artefactForms(deviceTools)
  const form = named === undefined ? await findForm(source, forms) : formNamed(named, forms)
  if ('reason' in form) return form
  const verdict = await form.verify(source, held.trust, beside)
  if (verdict.kind === 'refused') return verdict
  // It could be installed and never confirmed.
  if ((verdict.securityVersion ?? 0) > mostCounter)
    return refuse(
      'artefact-field-not-allowed',
      `its security version is ${verdict.securityVersion}, the device counts to ${mostCounter}`,
    )
  const seen = seenIn(verdict, held.trust, held.statusMadeAt)
  return { kind: 'believed', form: form.name, verdict, seen }
}

/**
 * Times that somebody signed: of the status file, of time-stamps, and, where the clock is wrong, of the signer. Never
 * that of the clock itself: one that was set wrong once would lock the device up.
 */
function seenIn(
  { signers }: Verdict,
  trust: DeviceTrust,
  statusMadeAt: Temporal.Instant | undefined,
): Temporal.Instant | undefined {
  const isLost = presentOf(trust) === undefined
  const told = signers.flatMap(({ stampedAt, judgedAt }) => [
    stampedAt,
    isLost ? judgedAt : undefined,
  ])
  return [statusMadeAt, ...told]
    .filter((one) => one !== undefined)
    .toSorted((one, other) => Temporal.Instant.compare(one, other))
    .at(-1)
}

/**
 * Notes what is about to be installed, in the place of any earlier note: the counter stays until `confirmInstalled`.
 * Power may be cut at any moment.
 */
export function noteInstall(files: Files, { verdict, seen }: Believed): void {
  const lines = [
    `security-version=${verdict.securityVersion ?? ''}`,
    `seen=${seen ?? ''}`,
    `version=${(verdict.version ?? '').replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?').slice(0, 128)}`,
  ]
  replace(files, fileOf.firmwareNext, `${lines.join('\n')}\n`)
}

/**
 * What was noted runs and is well: from now on nothing with a lower security version is believed. May be said again after
 * a cut, with the same end.
 */
export function confirmInstalled(files: Files): VersionBook | Refused<'firmware-not-noted'> {
  const bytes = files.read(fileOf.firmwareNext)
  if (bytes === undefined)
    return refuse('firmware-not-noted', 'nothing was noted that is to be installed')
  const [, version, seen] =
    /^security-version=(\d{0,10})\nseen=(\S*)\nversion=.*\n$/.exec(
      new TextDecoder().decode(bytes),
    ) ?? []
  if (version === undefined || seen === undefined)
    throw new DeviceFault('state-damaged', `${fileOf.firmwareNext} is not as it was written`)
  // Raised first: a cut between the two steps leaves a note that raises nothing more.
  const book = raiseVersionBook(files, {
    ...(version !== '' && { counter: Number(version) }),
    ...(seen !== '' && { seen: Temporal.Instant.from(seen) }),
  })
  files.remove(fileOf.firmwareNext)
  files.sync()
  return book
}
