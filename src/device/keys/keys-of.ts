// SPDX-License-Identifier: Apache-2.0
import { DeviceFault } from '../fault.ts'
import type { Files } from '../state/files.ts'
import type { Settings } from '../state/settings.ts'
import { parseTpmAddress } from '../tpm/address.ts'
import type { DeviceTpm } from '../tpm/attest.ts'
import { tpmKeys } from '../tpm/tpm-keys.ts'
import { type DeviceKeys, fileKeys } from './device-keys.ts'

/** Where the keys of this device are. */
export interface KeyPlace {
  readonly keys: DeviceKeys
  /** Undefined: in files. */
  readonly tpm: DeviceTpm | undefined
}

export function keyPlaceOf(files: Files, settings: Settings): KeyPlace {
  if (settings.tpm === undefined) return { keys: fileKeys, tpm: undefined }
  const address = parseTpmAddress(settings.tpm)
  if (address === undefined)
    throw new DeviceFault('state-damaged', `settings: ${settings.tpm} is no address of a TPM`)
  return {
    keys: tpmKeys(address, files),
    tpm: { address, endorsement: settings.tpmEndorsement },
  }
}
