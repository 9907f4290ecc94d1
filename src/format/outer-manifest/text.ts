// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { outerManifestBounds as bounds } from './bounds.ts'

const encoder = new TextEncoder()
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f]/

/** @throws FormatError if the text is empty, too long or has control characters */
export function checkText(text: string, mostOctets: number, offset: number): void {
  const octets = encoder.encode(text).length
  if (octets === 0 || octets > mostOctets)
    throw new FormatError(
      'value-not-allowed',
      offset,
      `text of ${octets} octets, 1 to ${mostOctets}`,
    )
  if (control.test(text)) throw new FormatError('string-characters', offset, 'control character')
}

/** A name that can lead nowhere but to a file beside the manifest. @throws FormatError */
export function checkFileName(name: string, offset: number): void {
  checkText(name, bounds.fileNameOctets, offset)
  if (/[/\\]/.test(name) || name === '.' || name === '..')
    throw new FormatError('string-characters', offset, `file name "${name}"`)
}
