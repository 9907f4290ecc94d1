// SPDX-License-Identifier: Apache-2.0
import { type Refused, refuse } from '../refusal.ts'
import type { DeviceTrust } from './verdict.ts'

/**
 * Whether what a form says that it was made for is the device's hardware.
 *
 * @param madeFor empty: the form does not say
 */
export function judgeHardware(
  madeFor: readonly string[],
  { hardware }: Pick<DeviceTrust, 'hardware'>,
): Refused<'artefact-hardware-wrong'> | undefined {
  if (hardware === undefined || madeFor.length === 0 || madeFor.includes(hardware)) return undefined
  return refuse(
    'artefact-hardware-wrong',
    `made for ${madeFor.join(', ').slice(0, 256)}, the device is ${hardware}`,
  )
}
