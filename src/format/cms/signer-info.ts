// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { encodeAttribute, type RequestAttribute, readAttributes } from '#format/x509/attribute.ts'
import { readSerialNumber } from '#format/x509/certificate.ts'
import { type Name, readName } from '#format/x509/name.ts'

/** RFC 5652 5.3: whose key signed. */
export type SignerIdentifier =
  | { readonly kind: 'certificate'; readonly issuer: Name; readonly serialNumber: Uint8Array }
  | { readonly kind: 'key'; readonly keyIdentifier: Uint8Array }

/** RFC 5652 5.3; empty attribute lists are absent ones. */
export interface SignerInfo {
  readonly signer: SignerIdentifier
  readonly digestAlgorithm: AlgorithmIdentifier
  readonly signedAttributes: readonly RequestAttribute[]
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
  readonly unsignedAttributes: readonly RequestAttribute[]
}

export function readSignerInfo(reader: DerReader): SignerInfo {
  const inner = reader.sequence()
  const versionStart = inner.offset
  const version = inner.smallInteger(0x7fff_ffff)
  const signer = readSigner(inner)
  // 5.3: the version follows from how the signer is named.
  if (version !== (signer.kind === 'key' ? 3 : 1))
    throw new FormatError('version-unknown', versionStart, `version ${version}`)
  const digestAlgorithm = readAlgorithmIdentifier(inner)
  const signedAttributes = readOptionalAttributes(inner, 0)
  const signatureAlgorithm = readAlgorithmIdentifier(inner)
  const signature = inner.octets()
  const unsignedAttributes = readOptionalAttributes(inner, 1)
  inner.end()
  return {
    signer,
    digestAlgorithm,
    signedAttributes,
    signatureAlgorithm,
    signature,
    unsignedAttributes,
  }
}

function readSigner(reader: DerReader): SignerIdentifier {
  if (reader.hasPrimitive(0))
    return { kind: 'key', keyIdentifier: reader.octets(contextPrimitive(0)) }
  const inner = reader.sequence()
  const issuer = readName(inner)
  const serialNumber = readSerialNumber(inner)
  inner.end()
  return { kind: 'certificate', issuer, serialNumber }
}

function readOptionalAttributes(reader: DerReader, number: number): RequestAttribute[] {
  if (!reader.hasContext(number)) return []
  const start = reader.offset
  const attributes = readAttributes(reader, contextConstructed(number), (_, value) => value.skip())
  if (attributes.length === 0) throw new FormatError('element-missing', start, 'no attribute')
  return attributes
}

/** What a signature over attributes is made over: an explicit SET OF (RFC 5652 5.4). */
export function encodeSignedAttributes(attributes: readonly RequestAttribute[]): Uint8Array {
  return encodeDer((writer) => writer.setOf(attributes.map(encodeAttribute)))
}

export function writeSignerInfo(writer: DerWriter, info: SignerInfo): void {
  const { signer } = info
  writer.sequence(() => {
    writer.integer(signer.kind === 'key' ? 3 : 1)
    writeSigner(writer, signer)
    writer.raw(info.digestAlgorithm.der)
    writeAttributes(writer, info.signedAttributes, 0)
    writer.raw(info.signatureAlgorithm.der)
    writer.octets(info.signature)
    writeAttributes(writer, info.unsignedAttributes, 1)
  })
}

function writeSigner(writer: DerWriter, signer: SignerIdentifier): void {
  if (signer.kind === 'key') writer.octets(signer.keyIdentifier, contextPrimitive(0))
  else
    writer.sequence(() => {
      writer.raw(signer.issuer.der)
      writer.integerBytes(signer.serialNumber)
    })
}

function writeAttributes(
  writer: DerWriter,
  attributes: readonly RequestAttribute[],
  number: number,
): void {
  if (attributes.length > 0)
    writer.setOf(attributes.map(encodeAttribute), contextConstructed(number))
}
