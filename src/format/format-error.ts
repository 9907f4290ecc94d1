// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with bytes: one row per rule, with the words that people read. */
export const formatCodes = {
  'base64-malformed': 'not base64',
  'bit-string-malformed': 'bit string is not canonical',
  'boolean-not-canonical': 'boolean is neither 00 nor ff',
  'csv-malformed': 'not CSV',
  'default-encoded': 'a default value is encoded',
  'element-missing': 'an element is missing',
  'extension-duplicate': 'an extension stands twice',
  'extension-unknown-critical': 'an unknown extension is critical',
  'indefinite-length': 'indefinite length',
  'integer-malformed': 'integer is not minimal',
  'length-not-minimal': 'length is not minimal',
  'map-key-duplicate': 'a key of a map stands twice',
  'map-not-sorted': 'keys of a map are not in ascending order',
  'oid-malformed': 'object identifier is malformed',
  'pem-malformed': 'not PEM',
  'serial-number-wrong': 'serial number is not positive or over 20 octets',
  'set-not-sorted': 'set of values is not in ascending order',
  'signature-algorithm-differs': 'signature algorithm differs from the signed one',
  'string-characters': 'string has a character that its type does not allow',
  'string-type-wrong': 'string type is not allowed here',
  'tag-not-expected': 'tag is not the expected one',
  'text-malformed': 'text is malformed',
  'time-malformed': 'time is malformed',
  'time-type-wrong': 'time type does not fit its year',
  'too-deep': 'nested too deep',
  'too-large': 'too large',
  'too-many': 'too many values',
  'trailing-bytes': 'bytes follow the value',
  truncated: 'the bytes end inside a value',
  'value-not-allowed': 'value is not allowed here',
  'version-unknown': 'version is not known',
} as const

export type FormatCode = keyof typeof formatCodes

/**
 * Bytes or text that do not follow their format; or, from an encoder, a value that the format cannot hold (offset 0).
 *
 * `offset` counts bytes from the start of what was handed to the parser (characters, where it was handed text).
 */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  readonly code: FormatCode
  readonly offset: number

  constructor(code: FormatCode, offset: number, detail = '') {
    super(`${formatCodes[code]}${detail === '' ? '' : ` (${detail})`}, at offset ${offset}`)
    this.code = code
    this.offset = offset
  }
}
