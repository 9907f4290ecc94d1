// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive, tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { contentTypes } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { readSerialNumber } from '#format/x509/certificate.ts'
import { type Name, readName } from '#format/x509/name.ts'

/** Whose key opens it: RFC 5652 10.2.4. */
export interface IssuerAndSerialNumber {
  readonly issuer: Name
  readonly serialNumber: Uint8Array
}

/** How the content's key reaches the one recipient. */
export type RecipientInfo =
  /** RFC 5652 6.2.1: enciphered to its public key. */
  | {
      readonly kind: 'key-transport'
      readonly recipient: IssuerAndSerialNumber
      readonly keyEncryption: AlgorithmIdentifier
      readonly encryptedKey: Uint8Array
    }
  /** RFC 5652 6.2.2, RFC 5753 3.1: wrapped by what both sides agree on; `originatorKey` is a point made for it. */
  | {
      readonly kind: 'key-agreement'
      readonly recipient: IssuerAndSerialNumber
      readonly originatorAlgorithm: AlgorithmIdentifier
      readonly originatorKey: Uint8Array
      readonly keyEncryption: AlgorithmIdentifier
      readonly encryptedKey: Uint8Array
    }

/** CMS EnvelopedData with one recipient, RFC 5652 6.1. All byte strings are views of the bytes that were parsed. */
export interface EnvelopedData {
  readonly recipient: RecipientInfo
  readonly contentType: Oid
  readonly contentEncryption: AlgorithmIdentifier
  readonly encryptedContent: Uint8Array
}

/**
 * Parses ContentInfo with EnvelopedData as this house writes it: one recipient, no certificates of the sender, no
 * attributes.
 *
 * @throws FormatError
 */
export function parseEnvelopedData(der: Uint8Array): EnvelopedData {
  return readDer(der, limits.signedData, (reader) => {
    const contentInfo = reader.sequence()
    const start = contentInfo.offset
    const type = contentInfo.oid()
    if (type !== contentTypes.envelopedData)
      throw new FormatError('value-not-allowed', start, `content type ${type}`)
    const explicit = contentInfo.context(0)
    const enveloped = readEnvelopedData(explicit)
    explicit.end()
    contentInfo.end()
    return enveloped
  })
}

function readEnvelopedData(reader: DerReader): EnvelopedData {
  const inner = reader.sequence()
  const versionStart = inner.offset
  const version = inner.smallInteger(0x7fff_ffff)
  const recipients = inner.nonEmpty(tag.set)
  const recipient = recipients.hasContext(1)
    ? readKeyAgreement(recipients.context(1))
    : readKeyTransport(recipients.sequence())
  recipients.end()
  if (version !== versionFor(recipient))
    throw new FormatError('version-unknown', versionStart, `version ${version}`)
  const content = inner.sequence()
  const contentType = content.oid()
  const contentEncryption = readAlgorithmIdentifier(content)
  const encryptedContent = content.octets(contextPrimitive(0))
  content.end()
  inner.end()
  return { recipient, contentType, contentEncryption, encryptedContent }
}

/** RFC 5652 6.1: 0 where every recipient has version 0, else 2. */
function versionFor({ kind }: RecipientInfo): number {
  return kind === 'key-transport' ? 0 : 2
}

function readKeyTransport(inner: DerReader): RecipientInfo {
  checkVersion(inner, 0)
  const recipient = readIssuerAndSerialNumber(inner)
  const keyEncryption = readAlgorithmIdentifier(inner)
  const encryptedKey = inner.octets()
  inner.end()
  return { kind: 'key-transport', recipient, keyEncryption, encryptedKey }
}

function readKeyAgreement(inner: DerReader): RecipientInfo {
  checkVersion(inner, 3)
  const originator = inner.context(0)
  const key = originator.context(1)
  const originatorAlgorithm = readAlgorithmIdentifier(key)
  const originatorKey = key.bitStringOctets()
  key.end()
  originator.end()
  const keyEncryption = readAlgorithmIdentifier(inner)
  const recipients = inner.sequence()
  const one = recipients.sequence()
  const recipient = readIssuerAndSerialNumber(one)
  const encryptedKey = one.octets()
  one.end()
  recipients.end()
  inner.end()
  return {
    ...{ kind: 'key-agreement', recipient, originatorAlgorithm, originatorKey },
    ...{ keyEncryption, encryptedKey },
  }
}

function checkVersion(inner: DerReader, expected: number): void {
  const start = inner.offset
  const version = inner.smallInteger(0x7fff_ffff)
  if (version !== expected) throw new FormatError('version-unknown', start, `version ${version}`)
}

function readIssuerAndSerialNumber(reader: DerReader): IssuerAndSerialNumber {
  const inner = reader.sequence()
  const issuer = readName(inner)
  const serialNumber = readSerialNumber(inner)
  inner.end()
  return { issuer, serialNumber }
}

/** ContentInfo with EnvelopedData in DER. */
export function encodeEnvelopedData(enveloped: EnvelopedData): Uint8Array {
  const { recipient, contentType, contentEncryption, encryptedContent } = enveloped
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(contentTypes.envelopedData)
      writer.context(0, () =>
        writer.sequence(() => {
          writer.integer(versionFor(recipient))
          writer.constructed(tag.set, () => writeRecipient(writer, recipient))
          writer.sequence(() => {
            writer.oid(contentType)
            writer.raw(contentEncryption.der)
            writer.octets(encryptedContent, contextPrimitive(0))
          })
        }),
      )
    })
  })
}

function writeRecipient(writer: DerWriter, info: RecipientInfo): void {
  if (info.kind === 'key-transport')
    writer.sequence(() => {
      writer.integer(0)
      writeIssuerAndSerialNumber(writer, info.recipient)
      writer.raw(info.keyEncryption.der)
      writer.octets(info.encryptedKey)
    })
  else writer.constructed(contextConstructed(1), () => writeKeyAgreement(writer, info))
}

function writeKeyAgreement(
  writer: DerWriter,
  info: RecipientInfo & { kind: 'key-agreement' },
): void {
  writer.integer(3)
  writer.context(0, () =>
    writer.context(1, () => {
      writer.raw(info.originatorAlgorithm.der)
      writer.bitStringOctets(info.originatorKey)
    }),
  )
  writer.raw(info.keyEncryption.der)
  writer.sequence(() =>
    writer.sequence(() => {
      writeIssuerAndSerialNumber(writer, info.recipient)
      writer.octets(info.encryptedKey)
    }),
  )
}

function writeIssuerAndSerialNumber(
  writer: DerWriter,
  { issuer, serialNumber }: IssuerAndSerialNumber,
): void {
  writer.sequence(() => {
    writer.raw(issuer.der)
    writer.integerBytes(serialNumber)
  })
}
