// SPDX-License-Identifier: Apache-2.0
import { cborLimits } from '#format/cbor/limits.ts'
import { CborReader } from '#format/cbor/reader.ts'
import { CborEncoded, CborTagged, type CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type CoseHeader, readHeader, readProtected } from './header.ts'
import { readPayload } from './sign1.ts'

export const signTag = 98

/** One of the signatures of a COSE_Sign. */
export interface CoseSignature {
  /** As it was signed: a view, as all octets in here. */
  readonly protectedBytes: Uint8Array
  readonly protected: CoseHeader
  readonly unprotected: CoseHeader
  readonly signature: Uint8Array
}

/** Several signatures over one payload. @see RFC 9052 section 4.1 */
export interface CoseSign {
  readonly protectedBytes: Uint8Array
  readonly protected: CoseHeader
  readonly unprotected: CoseHeader
  /** Undefined: it stands elsewhere. */
  readonly payload: Uint8Array | undefined
  /** At least one. */
  readonly signatures: readonly CoseSignature[]
  /** The array of the signatures as it is encoded, which is what a time-stamp covers (RFC 9921 section 3.1). */
  readonly signaturesBytes: Uint8Array
}

/** A tagged COSE_Sign and nothing else. @throws FormatError */
export function parseCoseSign(bytes: Uint8Array): CoseSign {
  const reader = CborReader.over(bytes, cborLimits.coseMessage)
  const message = readCoseSign(reader)
  reader.end()
  return message
}

/** A tagged COSE_Sign, as the next item. */
export function readCoseSign(reader: CborReader): CoseSign {
  reader.tagged(signTag)
  return reader.tuple(4, () => {
    const { bytes, header } = readProtected(reader)
    const unprotected = readHeader(reader)
    const payload = readPayload(reader)
    const start = reader.offset
    const signatures = reader.array(() => readSignature(reader))
    if (signatures.length === 0) throw new FormatError('element-missing', start, 'no signature')
    const signaturesBytes = reader.since(start)
    return {
      ...{ protectedBytes: bytes, protected: header, unprotected, payload },
      ...{ signatures, signaturesBytes },
    }
  })
}

function readSignature(reader: CborReader): CoseSignature {
  return reader.tuple(3, () => {
    const { bytes, header } = readProtected(reader)
    const unprotected = readHeader(reader)
    const signature = reader.byteString()
    return { protectedBytes: bytes, protected: header, unprotected, signature }
  })
}

/** What goes into the array of signatures. */
export interface CoseSignatureToWrite {
  readonly protectedBytes: Uint8Array
  readonly signature: Uint8Array
}

/** The array of signatures, each with an empty unprotected header. */
export function encodeCoseSignatures(signatures: readonly CoseSignatureToWrite[]): Uint8Array {
  return encodeCbor(
    signatures.map(({ protectedBytes, signature }) => [protectedBytes, new Map(), signature]),
  )
}

/**
 * @param payload null: it stands elsewhere
 * @param signatures as `encodeCoseSignatures` gives them
 */
export function encodeCoseSign(
  protectedBytes: Uint8Array,
  unprotected: ReadonlyMap<number, CborValue>,
  payload: Uint8Array | null,
  signatures: Uint8Array,
): Uint8Array {
  const body = [protectedBytes, unprotected, payload, new CborEncoded(signatures)]
  return encodeCbor(new CborTagged(signTag, body))
}
