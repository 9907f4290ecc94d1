// SPDX-License-Identifier: Apache-2.0
/** What CBOR can say here: whole numbers of at most 53 bits, no floating point, no undefined. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>
  | CborTagged
  | CborEncoded

export class CborTagged {
  readonly tag: number
  readonly value: CborValue

  constructor(tag: number, value: CborValue) {
    this.tag = tag
    this.value = value
  }
}

/** Octets that are one item already, and are written as they are. Not checked. */
export class CborEncoded {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}
