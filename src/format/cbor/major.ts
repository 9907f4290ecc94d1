// SPDX-License-Identifier: Apache-2.0
/** The major types. @see RFC 8949 section 3.1 */
export const major = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const

/** As people read them. */
export const majorNames = [
  'unsigned integer',
  'negative integer',
  'byte string',
  'text',
  'array',
  'map',
  'tag',
  'simple value',
] as const

/** Of major type 7, the octets that are read here. @see RFC 8949 section 3.3 */
export const simple = { false: 0xf4, true: 0xf5, null: 0xf6 } as const
