// SPDX-License-Identifier: Apache-2.0
/** `vitalsign-device firmware …`: what the device believes updates by, and whether it believes one. */
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { handleSource } from '#format/archive/handle-source.ts'
import { formatName } from '#format/x509/name.ts'
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'
import { signerPurposes } from '#trust/artefact/signer-purpose.ts'
import type { ProvedSigner } from '#trust/artefact/verdict.ts'
import { environments } from '#trust/environment-mark.ts'
import type { Refused as RefusedFor } from '#trust/refusal.ts'
import { reasonOf } from '../fault.ts'
import { readFirmwareTrust } from '../firmware/firmware-trust.ts'
import { remedyForUpdate } from '../firmware/remedies.ts'
import { reportFirmware } from '../firmware/report-firmware.ts'
import { setFirmwareTrust } from '../firmware/set-trust.ts'
import type { FirmwareSettings } from '../firmware/trust-settings.ts'
import {
  type Believed,
  confirmInstalled,
  noteInstall,
  verifyFirmware,
} from '../firmware/verify-firmware.ts'
import type { DevicePorts } from '../ports.ts'
import { type DeviceRefusal, deviceRefusals } from '../refusal.ts'
import type { FirmwareOptions } from './options.ts'
import { WrongUse } from './options.ts'
import type { Report } from './report.ts'

/** Of the verbs, those that change the state directory. */
export const firmwareVerbs = {
  ...{ verify: false, show: false, report: false, trust: true, confirm: true },
} as const
export type FirmwareVerb = keyof typeof firmwareVerbs

/** What each takes besides what every command takes: an option that nobody heeds would look as if it had been. */
const optionsOf: Readonly<Record<FirmwareVerb, readonly (keyof FirmwareOptions)[]>> = {
  verify: ['form', 'beside', 'install'],
  show: [],
  report: ['firmware'],
  trust: [
    ...(['key', 'roots', 'stamp-roots', 'status', 'purpose', 'environment'] as const),
    ...(['product', 'hardware', 'both', 'no-counter'] as const),
  ],
  confirm: [],
}
const everywhere: readonly string[] = ['state', 'json', 'help']

export function isFirmwareVerb(word: string | undefined): word is FirmwareVerb {
  return word !== undefined && Object.hasOwn(firmwareVerbs, word)
}

/** @param ports of a directory that is held where the verb, or `--install`, changes it */
export function runFirmware(
  verb: FirmwareVerb,
  files: readonly string[],
  given: FirmwareOptions,
  ports: DevicePorts,
): Promise<Report> | Report {
  const hint = 'see "vitalsign-device help firmware"'
  if (verb !== 'verify' && files.length > 0)
    throw new WrongUse(`"${files[0]}" is one word too many`, hint)
  const taken: readonly string[] = [...everywhere, ...optionsOf[verb]]
  for (const [option, value] of Object.entries(given))
    if (value !== undefined && value !== false && !taken.includes(option))
      throw new WrongUse(`--${option} says nothing to "firmware ${verb}"`, hint)
  switch (verb) {
    case 'verify':
      return verify(files, given, ports)
    case 'trust':
      return trust(given, ports)
    case 'confirm':
      return confirm(ports)
    case 'show':
      return show(ports)
    case 'report':
      return report(given, ports)
  }
}

async function verify(
  [path, ...more]: readonly string[],
  given: FirmwareOptions,
  ports: DevicePorts,
): Promise<Report> {
  if (path === undefined || more.length > 0)
    throw new WrongUse('one file is verified at a time', 'vitalsign-device firmware verify FILE')
  const opened = [path, ...(given.beside === undefined ? [] : [given.beside])].map(openFile)
  try {
    const [source, beside] = await Promise.all(opened.map(async (file) => (await file).source))
    if (source === undefined) throw new TypeError('no file was opened')
    const found = await verifyFirmware(ports, { source, beside, form: given.form })
    if (found.kind === 'refused') return refused(found)
    if (given.install) noteInstall(ports.files, found)
    return believed(path, found)
  } finally {
    for (const file of opened) await file.then(({ close }) => close()).catch(() => {}) // it was told
  }
}

async function openFile(path: string) {
  try {
    const handle = await open(path)
    return { source: handleSource(handle, (await handle.stat()).size), close: () => handle.close() }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): WrongUse {
  return new WrongUse(`cannot read ${path}: ${reasonOf(cause)}`, 'look at the name of the file')
}

function believed(path: string, { form, verdict }: Believed): Report {
  const { version, securityVersion, signers } = verdict
  return {
    status: 0,
    json: {
      ...{ kind: 'believed', form, version: version ?? null },
      securityVersion: securityVersion ?? null,
      signers: signers.map(signerText),
      covers: verdict.covers.map(({ name, sha256 }) => ({ name, sha256: sha256.toHex() })),
    },
    lines: [
      `${path} is genuine (${form})${version === undefined ? '' : `, version ${shown(version)}`}`,
      ...(securityVersion === undefined ? [] : [`  security version  ${securityVersion}`]),
      ...signers.map((signer) => `  signed by         ${shown(signerText(signer))}`),
    ],
  }
}

function signerText({ publicKey, certificate }: ProvedSigner): string {
  const key = `${publicKey.algorithm} ${publicKey.fingerprint.toHex().slice(0, 16)}`
  return certificate === undefined ? key : `${formatName(certificate.subject)} (${key})`
}

/** What stands in a file can do nothing to a terminal. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, 512)
}

function refused({ reason, detail }: RefusedFor<ArtefactRefusal | DeviceRefusal>): Report {
  const own: Partial<Record<string, string>> = deviceRefusals
  const hint =
    own[reason.startsWith('firmware-') ? reason : ''] ?? remedyForUpdate(reason as ArtefactRefusal)
  return {
    status: 1,
    json: { kind: 'refused', reason, detail, hint },
    lines: [`vitalsign-device: ${reason}: ${shown(detail)}`, `hint: ${hint}`],
  }
}

function trust(given: FirmwareOptions, ports: DevicePorts): Report {
  const text = (path: string | undefined) =>
    path === undefined ? undefined : new TextDecoder().decode(octets(path))
  const done = setFirmwareTrust(ports, {
    keys: given.key === undefined ? undefined : given.key.map((path) => text(path)).join('\n'),
    roots: text(given.roots),
    stampRoots: text(given['stamp-roots']),
    statusFile: given.status === undefined ? undefined : octets(given.status),
    settings: settingsOf(given),
  })
  return done.kind === 'refused' ? refused(done) : show(ports)
}

function octets(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** @throws WrongUse */
function settingsOf(given: FirmwareOptions): Partial<FirmwareSettings> {
  const { product, hardware } = given
  for (const [option, word] of Object.entries({ product, hardware }))
    if (word !== undefined && !/^[^\p{Cc}]{1,128}$/u.test(word))
      throw new WrongUse(`--${option} is no line of up to 128 characters`, 'such as PUMP-4')
  return {
    ...word('purpose', given.purpose, signerPurposes),
    ...word('environment', given.environment, environments),
    ...(given.both && { demandsBoth: true }),
    ...(given['no-counter'] && { counts: false }),
    ...(product !== undefined && { product }),
    ...(hardware !== undefined && { hardware }),
  }
}

function word<N extends string, W extends string>(
  name: N,
  said: string | undefined,
  words: readonly W[],
): Partial<Record<N, W>> {
  if (said === undefined) return {}
  const found = words.find((one) => one === said)
  if (found === undefined)
    throw new WrongUse(`--${name} ${said} is not known`, `one of ${words.join(', ')}`)
  return { [name]: found } as Record<N, W>
}

function confirm({ files }: DevicePorts): Report {
  const book = confirmInstalled(files)
  if ('reason' in book) return refused(book)
  return {
    status: 0,
    json: { kind: 'confirmed', counter: book.counter, seen: book.seen?.toString() ?? null },
    lines: [`nothing below security version ${book.counter} is believed from now on`],
  }
}

async function report({ firmware }: FirmwareOptions, ports: DevicePorts): Promise<Report> {
  const hint = 'say what the device runs: --firmware "pump-os 4.2.1"'
  if (firmware === undefined) throw new WrongUse('--firmware is missing', hint)
  if (!/^[^\p{C}]{1,128}$/u.test(firmware))
    throw new WrongUse('--firmware is no line of up to 128 characters', hint)
  const told = await reportFirmware(ports, firmware)
  if (told.kind === 'refused') return refused(told)
  const { firmwareVersion, securityVersion, anchors, fellBack } = told
  return {
    status: 0,
    json: { kind: 'told', firmwareVersion, securityVersion, anchors, fellBack },
    lines: [
      `the server knows that this device runs ${shown(firmwareVersion)}, security version ${securityVersion}`,
      ...anchors.map((anchor) => `  and believes  ${anchor}`),
      ...(fellBack ? ['  which is lower than it heard before'] : []),
    ],
  }
}

function show(ports: DevicePorts): Report {
  const held = readFirmwareTrust(ports)
  if (held.kind === 'refused') return refused(held)
  const { keys, roots, purpose, counter, environment, seen, demandsBoth } = held.trust
  return {
    status: 0,
    json: {
      ...{ kind: 'shown', keys: keys.map(({ fingerprint }) => fingerprint.toHex()) },
      roots: roots.map(({ subject }) => formatName(subject)),
      ...{ purpose, environment: environment ?? null, counter: counter ?? null, demandsBoth },
      ...{ seen: seen?.toString() ?? null, statusMadeAt: held.statusMadeAt?.toString() ?? null },
    },
    lines: [
      'this device believes updates',
      ...keys.map(
        ({ algorithm, fingerprint }) =>
          `  of the key   ${algorithm} ${fingerprint.toHex().slice(0, 16)}`,
      ),
      ...roots.map(({ subject }) => `  of the root  ${shown(formatName(subject))}`),
      ...(roots.length === 0 ? [] : [`  whose signer is for ${purpose}`]),
      ...(demandsBoth ? ['  with a classical and a post-quantum signature'] : []),
      counter === undefined
        ? '  of any security version: it keeps no counter'
        : `  of security version ${counter} or higher`,
      `  in ${environment}, and not before ${seen}`,
    ],
  }
}
