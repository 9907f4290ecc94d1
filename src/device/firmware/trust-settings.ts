// SPDX-License-Identifier: Apache-2.0

import type { HeldTrust } from '#trust/artefact/read-trust.ts'
import { signerPurposes } from '#trust/artefact/signer-purpose.ts'
import { environments } from '#trust/environment-mark.ts'
import { DeviceFault } from '../fault.ts'
import { type Files, replace } from '../state/files.ts'
import { fileOf } from '../state/state.ts'

/** What a device asks of updates; what it believes them by lies in files of their own. */
export interface FirmwareSettings
  extends Required<Pick<HeldTrust, 'demandsBoth' | 'environment' | 'purpose'>> {
  readonly product: string | undefined
  readonly hardware: string | undefined
  /** Whether it keeps a counter: then nothing that says no security version is believed. */
  readonly counts: boolean
}

export const usualFirmwareSettings: FirmwareSettings = {
  ...{ demandsBoth: false, environment: 'production', purpose: 'email-and-code' },
  ...{ product: undefined, hardware: undefined, counts: true },
}

export function readFirmwareSettings(files: Files): FirmwareSettings | undefined {
  const bytes = files.read(fileOf.firmwareSettings)
  if (bytes === undefined) return undefined
  const lines = new Map(
    new TextDecoder()
      .decode(bytes)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)] as const),
  )
  const word = <const W extends string>(name: string, words: readonly W[]): W => {
    const found = words.find((one) => one === lines.get(name))
    if (found !== undefined) return found
    throw new DeviceFault('state-damaged', `${fileOf.firmwareSettings}: ${name} is not right`)
  }
  return {
    purpose: word('purpose', signerPurposes),
    environment: word('environment', environments),
    demandsBoth: word('both', ['yes', 'no']) === 'yes',
    counts: word('counter', ['yes', 'no']) === 'yes',
    product: lines.get('product') || undefined,
    hardware: lines.get('hardware') || undefined,
  }
}

export function writeFirmwareSettings(files: Files, settings: FirmwareSettings): void {
  const { purpose, environment, demandsBoth, counts, product, hardware } = settings
  const yesOrNo = (is: boolean) => (is ? 'yes' : 'no')
  const lines = [
    `purpose=${purpose}`,
    `environment=${environment}`,
    `both=${yesOrNo(demandsBoth)}`,
    `counter=${yesOrNo(counts)}`,
    `product=${product ?? ''}`,
    `hardware=${hardware ?? ''}`,
  ]
  replace(files, fileOf.firmwareSettings, `${lines.join('\n')}\n`)
}
