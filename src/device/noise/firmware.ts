// SPDX-License-Identifier: Apache-2.0
import type { Settings } from '../state/settings.ts'
import type { NoisePorts } from './machine.ts'

/** What is said of the firmware is one line, and short. */
const mostCharacters = 128

/**
 * What this device runs, at this moment: as its settings say, as the file says that they name, or as the system says.
 *
 * A file of the form of os-release(5) gives IMAGE_ID and IMAGE_VERSION, which say what image it is, or else ID and
 * VERSION_ID; any other file its first line.
 */
export function firmwareOf(
  { firmware, firmwareFile }: Pick<Settings, 'firmware' | 'firmwareFile'>,
  { readText }: Pick<NoisePorts, 'readText'>,
): string | undefined {
  // The settings may have been written by hand: an empty line says nothing, and none is too long to be sent.
  const said = oneLine(firmware ?? '')
  if (said !== undefined) return said
  if (firmwareFile !== undefined) {
    const text = readText(firmwareFile) ?? ''
    return releaseIn(text) ?? oneLine(text.split('\n', 1)[0] ?? '')
  }
  return releaseIn(readText('/etc/os-release') ?? readText('/usr/lib/os-release') ?? '')
}

function releaseIn(text: string): string | undefined {
  const said = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, ...values] = /^([A-Z][A-Z_]*)=(?:"([^"]*)"|'([^']*)'|(\S*))\s*$/.exec(line) ?? []
    if (name !== undefined) said.set(name, values.find((value) => value !== undefined) ?? '')
  }
  const words = said.has('IMAGE_VERSION') ? ['IMAGE_ID', 'IMAGE_VERSION'] : ['ID', 'VERSION_ID']
  return oneLine(words.map((word) => said.get(word) ?? '').join(' '))
}

/** As a request can hold it; undefined if nothing is left. */
export function oneLine(text: string): string | undefined {
  // Cut first: half a character that is left at the end is a control character, too.
  const line = text
    .trim()
    .slice(0, mostCharacters)
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()
  return line === '' ? undefined : line
}
