// SPDX-License-Identifier: Apache-2.0
import { cborLimits } from '#format/cbor/limits.ts'
import { CborReader } from '#format/cbor/reader.ts'
import { CborTagged, type CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { type CoseHeader, readHeader, readProtected } from './header.ts'

export const sign1Tag = 18

/** One signature by one signer. @see RFC 9052 section 4.2 */
export interface CoseSign1 {
  /** As it was signed: a view, as all octets in here. */
  readonly protectedBytes: Uint8Array
  readonly protected: CoseHeader
  readonly unprotected: CoseHeader
  /** Undefined: it stands elsewhere. */
  readonly payload: Uint8Array | undefined
  readonly signature: Uint8Array
}

/** A tagged COSE_Sign1 and nothing else. @throws FormatError */
export function parseCoseSign1(bytes: Uint8Array): CoseSign1 {
  const reader = CborReader.over(bytes, cborLimits.coseMessage)
  const message = readCoseSign1(reader)
  reader.end()
  return message
}

/** A tagged COSE_Sign1, as the next item. */
export function readCoseSign1(reader: CborReader): CoseSign1 {
  reader.tagged(sign1Tag)
  return reader.tuple(4, () => {
    const { bytes, header } = readProtected(reader)
    const unprotected = readHeader(reader)
    const payload = readPayload(reader)
    return {
      protectedBytes: bytes,
      protected: header,
      unprotected,
      payload,
      signature: reader.byteString(),
    }
  })
}

/** The payload, or null for one that stands elsewhere. */
export function readPayload(reader: CborReader): Uint8Array | undefined {
  if (!reader.isNull()) return reader.byteString()
  reader.null()
  return undefined
}

/** @param payload null: it stands elsewhere */
export function encodeCoseSign1(
  protectedBytes: Uint8Array,
  unprotected: ReadonlyMap<number, CborValue>,
  payload: Uint8Array | null,
  signature: Uint8Array,
): Uint8Array {
  return encodeCbor(new CborTagged(sign1Tag, [protectedBytes, unprotected, payload, signature]))
}
