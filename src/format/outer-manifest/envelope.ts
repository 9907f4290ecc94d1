// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { CborReader } from '#format/cbor/reader.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { headerLabels } from '#format/cose/header.ts'
import { encodeSignatureInput } from '#format/cose/sig-structure.ts'
import { encodeCoseSign, encodeCoseSignatures, signTag } from '#format/cose/sign.ts'
import { FormatError } from '#format/format-error.ts'
import { outerManifestBounds as bounds } from './bounds.ts'
import { readField } from './field.ts'
import { type OuterManifest, type PolicyRow, readOuterManifest } from './manifest.ts'

export const outerManifestType = 'application/vnd.vitalsign.outer-manifest+cbor'

/** The protected header of the body, always the same octets. */
export const bodyProtected = encodeCbor(new Map([[headerLabels.contentType, outerManifestType]]))

/** A signature with the row that it is for, as its own header says. */
export interface OuterSignature extends PolicyRow {
  readonly signature: Uint8Array
}

export interface OuterEnvelope {
  readonly manifest: OuterManifest
  /** What was signed: a view, as all octets in here. */
  readonly payload: Uint8Array
  /** In the order in which they stand; whether they are those of the policy is not checked. */
  readonly signatures: readonly OuterSignature[]
  /** The array of the signatures as it is encoded: what a time-stamp covers (RFC 9921 section 3.1). */
  readonly signaturesBytes: Uint8Array
  /** The RFC 3161 token over them, DER; undefined: none. Not checked. */
  readonly timeStamp: Uint8Array | undefined
}

/** An outer manifest with its signatures, and nothing else. @throws FormatError */
export function parseOuterEnvelope(bytes: Uint8Array): OuterEnvelope {
  const reader = CborReader.over(bytes, cborLimits.outerManifest)
  reader.tagged(signTag)
  const envelope = reader.tuple(4, () => {
    const start = reader.offset
    if (!sameBytes(reader.byteString(), bodyProtected))
      throw new FormatError('value-not-allowed', start, 'protected header of another content')
    const timeStamp = readTimeStamp(reader)
    const inner = reader.wrapped()
    const payloadStart = inner.offset
    const manifest = readOuterManifest(inner)
    inner.end()
    const payload = inner.since(payloadStart)
    const signaturesStart = reader.offset
    const signatures = reader.array(() => readSignature(reader))
    const signaturesBytes = reader.since(signaturesStart)
    return { manifest, payload, signatures, signaturesBytes, timeStamp }
  })
  reader.end()
  return envelope
}

function readTimeStamp(reader: CborReader): Uint8Array | undefined {
  const start = reader.offset
  let token: Uint8Array | undefined
  reader.map(
    () => reader.unsigned(),
    (label, offset) => {
      if (label !== headerLabels.timeStamp)
        throw new FormatError('value-not-allowed', offset, `header ${label} that nothing signed`)
      token = reader.byteString()
    },
  )
  if (token !== undefined && token.length > bounds.tokenBytes)
    throw new FormatError('too-large', start, `time-stamp of ${token.length} octets`)
  return token
}

function readSignature(reader: CborReader): OuterSignature {
  return reader.tuple(3, () => {
    const inner = reader.wrapped()
    const row = inner.record(2, () => {
      readField(inner, headerLabels.algorithm)
      const algorithm = inner.integer()
      readField(inner, headerLabels.keyId)
      return { algorithm, keyId: inner.bytesOf(32, 'key id') }
    })
    inner.end()
    reader.record(0, () => undefined)
    return { ...row, signature: reader.byteString() }
  })
}

/** The protected header of a row's signature. */
function rowProtected({ algorithm, keyId }: PolicyRow): Uint8Array {
  return encodeCbor(
    new Map<number, number | Uint8Array>([
      [headerLabels.algorithm, algorithm],
      [headerLabels.keyId, keyId],
    ]),
  )
}

/** What the key of this row signs. */
export function outerSignatureInput(row: PolicyRow, payload: Uint8Array): Uint8Array {
  return encodeSignatureInput(bodyProtected, rowProtected(row), payload)
}

/** The array of signatures: what a time-stamp covers, and what `encodeOuterEnvelope` is given. */
export function encodeOuterSignatures(signatures: readonly OuterSignature[]): Uint8Array {
  return encodeCoseSignatures(
    signatures.map((one) => ({ protectedBytes: rowProtected(one), signature: one.signature })),
  )
}

export function encodeOuterEnvelope(
  payload: Uint8Array,
  signatures: Uint8Array,
  timeStamp: Uint8Array | undefined,
): Uint8Array {
  const unprotected = new Map<number, Uint8Array>()
  if (timeStamp !== undefined) unprotected.set(headerLabels.timeStamp, timeStamp)
  return encodeCoseSign(bodyProtected, unprotected, payload, signatures)
}
