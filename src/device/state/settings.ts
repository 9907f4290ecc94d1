// SPDX-License-Identifier: Apache-2.0
import { isKeyAlgorithmName, type KeyAlgorithmName } from '#trust/algorithms.ts'
import { type EndorsementTemplateName, isEndorsementName } from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import { type NoiseSettings, noiseLines, noiseSettingsOf } from '../noise/noise-settings.ts'
import { parseTpmAddress } from '../tpm/address.ts'

/** What has the identity: a device, or an application that devices meet. */
export type Role = 'device' | 'application'

/** To whom the device belongs. The file is lines `name=value`, so that a shell reads it too. */
export interface Settings {
  /** `https://HOST:PORT`. */
  readonly server: string
  /** The entrance; undefined: the default one of the device's product. */
  readonly label: string | undefined
  /** Absent: a device. */
  readonly role?: Role
  /** Of an application: its name. */
  readonly serial: string
  /** SHA-256 of the root certificate's DER, 64 lower-case hex digits, as it was given at the beginning. */
  readonly root: string
  /** The same of every root that is believed now, once that is another than the one that was given. */
  readonly pinned?: readonly string[]
  readonly keyAlgorithm: KeyAlgorithmName
  /** The TPM that makes and keeps the keys, as `parseTpmAddress` reads it; absent: they are kept in files. */
  readonly tpm?: string | undefined
  /** Which endorsement key of it to show; absent: the first that its maker certified. */
  readonly tpmEndorsement?: EndorsementTemplateName | undefined
  /** The directory where other programs find key, certificates and roots; absent: nobody else reads them. */
  readonly publish?: string | undefined
  /** Whether the group of that directory may read the key. */
  readonly keyGroupReads?: boolean
  /** The command that is run when they changed, word by word. */
  readonly onRenewed?: readonly string[] | undefined
  /** The file with the id of the process that is told by SIGHUP when they changed. */
  readonly reloadPidFile?: string | undefined
  /** The raw source that is tested before each key; absent: none is there to be tested. */
  readonly noise?: NoiseSettings | undefined
  /** The command that is run when it fails, word by word; the code of the fault is its last word. */
  readonly onNoiseFailure?: readonly string[] | undefined
  /** What the device runs; absent: as the file says, or else the system. */
  readonly firmware?: string | undefined
  /** The file that says it. */
  readonly firmwareFile?: string | undefined
}

export function encodeSettings(settings: Settings): string {
  return [
    `server=${settings.server}`,
    `label=${settings.label ?? ''}`,
    `serial=${settings.serial}`,
    `root=${settings.root}`,
    `key-algorithm=${settings.keyAlgorithm}`,
    ...(settings.pinned === undefined ? [] : [`pinned=${settings.pinned.join(' ')}`]),
    ...(settings.tpm === undefined ? [] : [`tpm=${settings.tpm}`]),
    ...(settings.tpmEndorsement === undefined
      ? []
      : [`tpm-endorsement=${settings.tpmEndorsement}`]),
    ...(settings.role === undefined ? [] : [`role=${settings.role}`]),
    ...(settings.publish === undefined ? [] : [`publish=${settings.publish}`]),
    ...(settings.keyGroupReads === true ? ['key-group-reads=yes'] : []),
    ...(settings.onRenewed === undefined ? [] : [`on-renewed=${settings.onRenewed.join(' ')}`]),
    ...(settings.reloadPidFile === undefined ? [] : [`reload-pid-file=${settings.reloadPidFile}`]),
    ...(settings.noise === undefined ? [] : noiseLines(settings.noise)),
    ...(settings.onNoiseFailure === undefined
      ? []
      : [`on-noise-failure=${settings.onNoiseFailure.join(' ')}`]),
    ...(settings.firmware === undefined ? [] : [`firmware=${settings.firmware}`]),
    ...(settings.firmwareFile === undefined ? [] : [`firmware-file=${settings.firmwareFile}`]),
    '',
  ].join('\n')
}

/** @throws DeviceFault state-damaged, naming the line that is missing or wrong */
export function parseSettings(text: string): Settings {
  const lines = new Map(
    text.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=')
      return [name, value.join('=')]
    }),
  )
  const need = (name: string) => {
    const value = lines.get(name) ?? ''
    if (value === '') throw new DeviceFault('state-damaged', `settings has no ${name}`)
    return value
  }
  const keyAlgorithm = need('key-algorithm')
  if (!isKeyAlgorithmName(keyAlgorithm)) {
    throw new DeviceFault('state-damaged', `settings: unknown key-algorithm ${keyAlgorithm}`)
  }
  const label = lines.get('label') ?? ''
  const pinned = lines.get('pinned')?.split(' ')
  if (pinned?.some((digest) => !/^[0-9a-f]{64}$/.test(digest)))
    throw new DeviceFault('state-damaged', 'settings: pinned names no roots')
  const tpm = lines.get('tpm')
  if (tpm !== undefined && parseTpmAddress(tpm) === undefined)
    throw new DeviceFault('state-damaged', `settings: ${tpm} is no address of a TPM`)
  const endorsement = lines.get('tpm-endorsement')
  if (endorsement !== undefined && !isEndorsementName(endorsement))
    throw new DeviceFault('state-damaged', `settings: unknown tpm-endorsement ${endorsement}`)
  const role = lines.get('role')
  if (role !== undefined && role !== 'application')
    throw new DeviceFault('state-damaged', `settings: unknown role ${role}`)
  return {
    server: need('server'),
    label: label === '' ? undefined : label,
    serial: need('serial'),
    root: need('root'),
    keyAlgorithm,
    ...(pinned !== undefined && { pinned }),
    ...(tpm !== undefined && { tpm }),
    ...(endorsement !== undefined && { tpmEndorsement: endorsement }),
    ...(role !== undefined && { role }),
    ...programsIn(lines),
    ...makingIn(lines),
  }
}

function programsIn(lines: ReadonlyMap<string, string>) {
  const [publish, onRenewed] = [lines.get('publish'), lines.get('on-renewed')]
  const reloadPidFile = lines.get('reload-pid-file')
  return {
    ...(publish !== undefined && { publish }),
    ...(lines.get('key-group-reads') === 'yes' && { keyGroupReads: true }),
    ...(onRenewed !== undefined && { onRenewed: wordsOf(onRenewed) }),
    ...(reloadPidFile !== undefined && { reloadPidFile }),
  }
}

/** @throws DeviceFault state-damaged */
function makingIn(lines: ReadonlyMap<string, string>) {
  const [path, onFailure] = [lines.get('noise'), lines.get('on-noise-failure')]
  const [firmware, firmwareFile] = [lines.get('firmware'), lines.get('firmware-file')]
  const noise = path === undefined ? undefined : noiseSettingsOf(path, Object.fromEntries(lines))
  if (typeof noise === 'string') throw new DeviceFault('state-damaged', `settings: ${noise}`)
  return {
    ...(noise !== undefined && { noise }),
    ...(onFailure !== undefined && { onNoiseFailure: wordsOf(onFailure) }),
    ...(firmware !== undefined && { firmware }),
    ...(firmwareFile !== undefined && { firmwareFile }),
  }
}

/** The words of a command, parted by blanks; nothing is quoted, and no shell reads them. */
export function wordsOf(command: string): readonly string[] {
  return command.split(' ').filter((word) => word !== '')
}

/**
 * A SHA-256 fingerprint as people write it: hex of any case, with or without colons or spaces.
 *
 * @returns 64 lower-case hex digits, or undefined
 */
export function parseFingerprint(text: string): string | undefined {
  const hex = text
    .replace(/^sha-?256[:=]?/i, '')
    .replaceAll(/[:\s]/g, '')
    .toLowerCase()
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined
}
