// SPDX-License-Identifier: Apache-2.0
/** Identifier octets of X.690 8.1.2; only low tag numbers occur in the formats of this house. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[number]` that holds octets: IMPLICIT over a primitive type. */
export function contextPrimitive(number: number): number {
  return 0x80 | number
}

/** `[number]` that holds values: EXPLICIT, or IMPLICIT over a constructed type. */
export function contextConstructed(number: number): number {
  return 0xa0 | number
}

export function hexTag(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`
}
