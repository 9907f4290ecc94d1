// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { isPrintable } from '#format/der/text.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes as attributeTypes } from '#format/oids.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { encodeAttribute, type RequestAttribute, readAttributes } from './attribute.ts'
import { type Extension, readExtensions, writeExtensions } from './extension.ts'
import { type Name, readName } from './name.ts'
import { readSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from './public-key.ts'

/** PKCS #10, RFC 2986. All byte strings are views of the bytes that were parsed. */
export interface CertificationRequest {
  readonly der: Uint8Array
  /** What is signed. */
  readonly info: Uint8Array
  readonly subject: Name
  readonly publicKey: SubjectPublicKeyInfo
  /** All attributes, those not understood too. */
  readonly attributes: readonly RequestAttribute[]
  /** From extensionRequest; critical ones that are not understood are kept, for policy to refuse. */
  readonly requestedExtensions: readonly Extension[]
  readonly challengePassword: string | undefined
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
}

/**
 * Parses a certification request strictly; the signature is not checked.
 *
 * Attributes: each type once, in DER order; extensionRequest and challengePassword have exactly one value.
 *
 * @throws FormatError
 * @see RFC 2986 4, RFC 2985 5.4
 */
export function parseCertificationRequest(der: Uint8Array): CertificationRequest {
  return readDer(der, limits.request, readCertificationRequest)
}

/** What the attributes that are understood say. */
interface Understood {
  requestedExtensions?: readonly Extension[]
  challengePassword?: string
}

function readCertificationRequest(reader: DerReader): CertificationRequest {
  const start = reader.offset
  const outer = reader.sequence()
  const infoStart = outer.offset
  const inner = outer.sequence()
  const versionStart = inner.offset
  if (inner.smallInteger(0x7fff_ffff) !== 0) throw new FormatError('version-unknown', versionStart)
  const subject = readName(inner)
  const publicKey = readSubjectPublicKeyInfo(inner)
  const understood: Understood = {}
  const attributes = readAttributes(inner, contextConstructed(0), (type, value) =>
    readAttributeValue(understood, type, value),
  )
  inner.end()
  const info = outer.since(infoStart)
  const signatureAlgorithm = readAlgorithmIdentifier(outer)
  const signature = outer.bitStringOctets()
  outer.end()
  return {
    der: reader.since(start),
    info,
    subject,
    publicKey,
    attributes,
    requestedExtensions: understood.requestedExtensions ?? [],
    challengePassword: understood.challengePassword,
    signatureAlgorithm,
    signature,
  }
}

function readAttributeValue(understood: Understood, type: Oid, value: DerReader): void {
  if (type === attributeTypes.extensionRequest) {
    refuseSecond(understood.requestedExtensions, value)
    understood.requestedExtensions = readExtensions(value, 'keep')
  } else if (type === attributeTypes.challengePassword) {
    refuseSecond(understood.challengePassword, value)
    understood.challengePassword = readDirectoryString(value)
  } else value.skip()
}

function refuseSecond(first: unknown, value: DerReader): void {
  if (first !== undefined)
    throw new FormatError(
      'value-not-allowed',
      value.offset,
      'second value of a single-valued attribute',
    )
}

/** RFC 2985 5.4.1 names DirectoryString; its two living types are read. */
function readDirectoryString(reader: DerReader): string {
  const found = reader.peek()
  if (found !== tag.utf8String && found !== tag.printableString)
    throw new FormatError('string-type-wrong', reader.offset)
  return reader.text(found)
}

/** What is in a request before it is signed. */
export interface CertificationRequestInfo {
  readonly subject: Name
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** Become an extensionRequest attribute if there are any. */
  readonly extensions?: readonly Extension[]
  readonly challengePassword?: string
  /** Further attributes. */
  readonly attributes?: readonly RequestAttribute[]
}

/** What is to be signed; sign it and wrap it with `encodeSigned`. */
export function encodeCertificationRequestInfo(info: CertificationRequestInfo): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(0)
      writer.raw(info.subject.der)
      writer.raw(info.publicKey)
      writer.setOf(allAttributes(info).map(encodeAttribute), contextConstructed(0))
    })
  })
}

function allAttributes(info: CertificationRequestInfo): RequestAttribute[] {
  const { extensions = [], challengePassword, attributes = [] } = info
  const all = [...attributes]
  if (extensions.length > 0) {
    const value = encodeDer((writer) => writeExtensions(writer, extensions))
    all.push({ type: attributeTypes.extensionRequest, values: [value] })
  }
  if (challengePassword !== undefined) {
    const type = isPrintable(challengePassword) ? tag.printableString : tag.utf8String
    const value = encodeDer((writer) => writer.text(challengePassword, type))
    all.push({ type: attributeTypes.challengePassword, values: [value] })
  }
  return all
}
