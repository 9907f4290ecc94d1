// SPDX-License-Identifier: Apache-2.0
import type { CborReader } from '#format/cbor/reader.ts'
import type { CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { FormatError } from '#format/format-error.ts'

/** Labels of header parameters. @see RFC 9052 section 3.1, RFC 9360 section 2, RFC 9921 section 3 */
export const headerLabels = {
  algorithm: 1,
  critical: 2,
  contentType: 3,
  keyId: 4,
  certificates: 33,
  /** COSE, then time-stamp: an RFC 3161 token over what was signed already. */
  timeStamp: 270,
} as const

/** A map of header parameters; those that stand above are read, all others are kept by label only. */
export interface CoseHeader {
  readonly algorithm: number | undefined
  readonly contentType: string | number | undefined
  readonly keyId: Uint8Array | undefined
  /** x5chain: DER, the signer's own first. */
  readonly certificates: readonly Uint8Array[]
  readonly timeStamp: Uint8Array | undefined
  readonly others: readonly (number | string)[]
}

export const emptyHeader: CoseHeader = {
  algorithm: undefined,
  contentType: undefined,
  keyId: undefined,
  certificates: [],
  timeStamp: undefined,
  others: [],
}

/**
 * A header map, as the next item.
 *
 * @throws FormatError `extension-unknown-critical` if there is a `crit`: nothing is understood here that would
 *   have to be named there
 */
export function readHeader(reader: CborReader): CoseHeader {
  let header = emptyHeader
  reader.map(
    () => (reader.peek() === 3 ? reader.text() : reader.integer()),
    (label, offset) => {
      header = { ...header, ...readParameter(reader, label, offset, header.others) }
    },
  )
  return header
}

function readParameter(
  reader: CborReader,
  label: number | string,
  offset: number,
  others: CoseHeader['others'],
): Partial<CoseHeader> {
  switch (label) {
    case headerLabels.algorithm:
      return { algorithm: reader.integer() }
    case headerLabels.critical:
      throw new FormatError('extension-unknown-critical', offset, 'crit')
    case headerLabels.contentType:
      return { contentType: reader.peek() === 3 ? reader.text() : reader.unsigned() }
    case headerLabels.keyId:
      return { keyId: reader.byteString() }
    case headerLabels.certificates:
      // RFC 9360 section 2: one stands alone, several in an array.
      return {
        certificates:
          reader.peek() === 4 ? reader.array(() => reader.byteString()) : [reader.byteString()],
      }
    case headerLabels.timeStamp:
      return { timeStamp: reader.byteString() }
    default:
      reader.item()
      return { others: [...others, label] }
  }
}

/**
 * A protected header, as the next item: a byte string of a map, or of nothing where the map would be empty.
 *
 * @returns the content of the byte string as it stood
 * @see RFC 9052 section 3
 */
export function readProtected(reader: CborReader): {
  readonly bytes: Uint8Array
  readonly header: CoseHeader
} {
  const inner = reader.wrapped()
  const start = inner.offset
  const header = inner.hasMore ? readHeader(inner) : emptyHeader
  inner.end()
  return { bytes: inner.since(start), header }
}

/** The content of a protected header's byte string; RFC 9052 section 3: empty, if nothing stands in it. */
export function encodeProtected(parameters: ReadonlyMap<number, CborValue>): Uint8Array {
  return parameters.size === 0 ? new Uint8Array() : encodeCbor(parameters)
}
