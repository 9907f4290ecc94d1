// SPDX-License-Identifier: Apache-2.0
import { isKeyAlgorithmName, type KeyAlgorithmName } from '#trust/algorithms.ts'
import { type EndorsementTemplateName, isEndorsementName } from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import { parseTpmAddress } from '../tpm/address.ts'

/** To whom the device belongs. The file is lines `name=value`, so that a shell reads it too. */
export interface Settings {
  /** `https://HOST:PORT`. */
  readonly server: string
  /** The entrance; undefined: the default one of the device's product. */
  readonly label: string | undefined
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
  return {
    server: need('server'),
    label: label === '' ? undefined : label,
    serial: need('serial'),
    root: need('root'),
    keyAlgorithm,
    ...(pinned !== undefined && { pinned }),
    ...(tpm !== undefined && { tpm }),
    ...(endorsement !== undefined && { tpmEndorsement: endorsement }),
  }
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
