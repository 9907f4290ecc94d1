// SPDX-License-Identifier: Apache-2.0
import { parseMcubootVersion } from '#format/firmware/boot/mcuboot.ts'
import { isVendorValue, mcubootValues } from '#format/firmware/boot/mcuboot-values.ts'
import { encodeMcubootDependency, type McubootEntry } from '#format/firmware/boot/mcuboot-write.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactRefused } from '../refusal.ts'
import type { McubootChoices } from './choices.ts'

/**
 * The values of the protected area that were chosen, in the order of MCUboot's own signer.
 *
 * @throws FormatError if a version does not read
 */
export function chosenEntries(
  choices: McubootChoices,
  version: string,
): readonly McubootEntry[] | ArtefactRefused {
  const entries: McubootEntry[] = []
  if (choices.securityCounter !== undefined) {
    const counter = securityCounterFor(choices.securityCounter, version)
    if (typeof counter !== 'number') return counter
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, counter, true)
    entries.push({ type: mcubootValues.securityCounter.type, bytes })
  }
  for (const text of choices.dependency ?? []) {
    const parts = /^(\d{1,3}):(.+)$/.exec(text)
    if (parts === null)
      return refuse('artefact-choice-wrong', `dependency ${text}, wanted is one as 1:1.2.3`)
    const bytes = encodeMcubootDependency(Number(parts[1]), parts[2]!)
    entries.push({ type: mcubootValues.dependency.type, bytes })
  }
  for (const text of choices.value ?? []) {
    const entry = vendorEntry(text)
    if ('kind' in entry) return entry
    if (entries.some(({ type }) => type === entry.type))
      return refuse('artefact-choice-wrong', `value ${text}: its type is given twice`)
    entries.push(entry)
  }
  return entries
}

function vendorEntry(text: string): McubootEntry | ArtefactRefused {
  const parts = /^0x([0-9a-f]{1,4}):((?:[0-9a-f]{2})+)$/i.exec(text)
  const type = Number.parseInt(parts?.[1] ?? '', 16)
  if (parts === null || !isVendorValue(type))
    return refuse(
      'artefact-choice-wrong',
      `value ${text}, wanted is one as 0x00a0:c0ffee, with a type from 0x00a0 to 0xfffe whose low octet is a0 or more`,
    )
  return { type, bytes: Uint8Array.fromHex(parts[2]!) }
}

/** A number of 32 bits, or what MCUboot's signer makes of the version for `auto`. @throws FormatError */
function securityCounterFor(text: string, version: string): number | ArtefactRefused {
  if (text === 'auto') {
    const { major, minor, revision } = parseMcubootVersion(version)
    return major * 0x100_0000 + minor * 0x1_0000 + revision
  }
  const counter = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return counter <= 0xffff_ffff
    ? counter
    : refuse(
        'artefact-choice-wrong',
        `securityCounter ${text}, wanted is a number of 32 bits, or auto`,
      )
}
