// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive, hexTag, tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type Extension, writeExtensions } from '#format/x509/extension.ts'
import { type Name, readName } from '#format/x509/name.ts'
import { type CertId, readCertId, writeCertId } from './cert-id.ts'
import { nonceAt, readOcspExtensions, readVersion } from './request.ts'

/** Who signed: by name, or by SHA-1 over the content of the BIT STRING of its key. */
export type ResponderId =
  | { readonly kind: 'name'; readonly name: Name }
  | { readonly kind: 'key'; readonly keyHash: Uint8Array }

/** What is said of one certificate. RFC 6960 2.2. */
export type CertStatus =
  /** Not revoked; whether it was ever issued, the standard leaves open. */
  | { readonly kind: 'good' }
  | {
      readonly kind: 'revoked'
      /** Whole seconds. */
      readonly at: Temporal.Instant
      /** RFC 5280 5.3.1; undefined means unspecified. */
      readonly reason: number | undefined
    }
  | { readonly kind: 'unknown' }

export interface SingleResponse {
  readonly certId: CertId
  readonly status: CertStatus
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant | undefined
  readonly extensions: readonly Extension[]
}

/** RFC 6960 4.2.1, what a responder signs. */
export interface ResponseData {
  readonly responder: ResponderId
  readonly producedAt: Temporal.Instant
  /** At least one. */
  readonly responses: readonly SingleResponse[]
  readonly extensions: readonly Extension[]
  readonly nonce: Uint8Array | undefined
}

/** SHA-1, whatever else is hashed with. */
const keyHashBytes = 20

export function readResponseData(reader: DerReader): ResponseData {
  const inner = reader.sequence()
  readVersion(inner)
  const responder = readResponderId(inner)
  const producedAt = inner.generalizedTime()
  const responses = inner.sequenceOf(readSingleResponse)
  const start = inner.offset
  const extensions = inner.hasMore ? readOcspExtensions(inner, 1) : []
  inner.end()
  return { responder, producedAt, responses, extensions, nonce: nonceAt(extensions, start) }
}

function readResponderId(reader: DerReader): ResponderId {
  const isName = reader.hasContext(1)
  const explicit = reader.context(isName ? 1 : 2)
  const start = explicit.offset
  const responder = isName
    ? ({ kind: 'name', name: readName(explicit) } as const)
    : ({ kind: 'key', keyHash: explicit.octets() } as const)
  if (responder.kind === 'key' && responder.keyHash.length !== keyHashBytes)
    throw new FormatError('value-not-allowed', start, `${responder.keyHash.length} octets`)
  explicit.end()
  return responder
}

function readSingleResponse(list: DerReader): SingleResponse {
  const inner = list.sequence()
  const certId = readCertId(inner)
  const status = readStatus(inner)
  const thisUpdate = inner.generalizedTime()
  const nextUpdate = inner.hasContext(0) ? readExplicitTime(inner) : undefined
  const extensions = inner.hasMore ? readOcspExtensions(inner, 1) : []
  inner.end()
  return { certId, status, thisUpdate, nextUpdate, extensions }
}

function readExplicitTime(reader: DerReader): Temporal.Instant {
  const explicit = reader.context(0)
  const time = explicit.generalizedTime()
  explicit.end()
  return time
}

function readStatus(reader: DerReader): CertStatus {
  const start = reader.offset
  const octet = reader.peek()
  switch (octet) {
    case contextPrimitive(0):
    case contextPrimitive(2):
      if (reader.octets(octet).length > 0)
        throw new FormatError('value-not-allowed', start, 'NULL with content')
      return { kind: octet === contextPrimitive(0) ? 'good' : 'unknown' }
    case contextConstructed(1):
      return readRevoked(reader)
    default:
      throw new FormatError('tag-not-expected', start, `${hexTag(octet)} is no status`)
  }
}

function readRevoked(reader: DerReader): CertStatus {
  const inner = reader.context(1)
  const at = inner.generalizedTime()
  const reason = inner.hasMore ? readReason(inner) : undefined
  inner.end()
  return { kind: 'revoked', at, reason }
}

/** RFC 5280 5.3.1: 0 to 10, without 7. */
function readReason(reader: DerReader): number {
  const explicit = reader.context(0)
  const start = explicit.offset
  const reason = explicit.smallInteger(10, tag.enumerated)
  if (reason === 7) throw new FormatError('value-not-allowed', start, 'reason 7')
  explicit.end()
  return reason
}

/** @throws FormatError `element-missing` if nothing is answered, `serial-number-wrong`, `time-malformed` */
export function encodeResponseData(data: Omit<ResponseData, 'nonce'>): Uint8Array {
  if (data.responses.length === 0)
    throw new FormatError('element-missing', 0, 'nothing is answered')
  return encodeDer((writer) => {
    writer.sequence(() => {
      writeResponderId(writer, data.responder)
      writer.generalizedTime(data.producedAt)
      writer.sequence(() => {
        for (const response of data.responses) writeSingleResponse(writer, response)
      })
      if (data.extensions.length > 0)
        writer.context(1, () => writeExtensions(writer, data.extensions))
    })
  })
}

function writeResponderId(writer: DerWriter, responder: ResponderId): void {
  if (responder.kind === 'name') writer.context(1, () => writer.raw(responder.name.der))
  else writer.context(2, () => writer.octets(responder.keyHash))
}

function writeSingleResponse(writer: DerWriter, response: SingleResponse): void {
  const { certId, status, thisUpdate, nextUpdate, extensions } = response
  writer.sequence(() => {
    writeCertId(writer, certId)
    writeStatus(writer, status)
    writer.generalizedTime(thisUpdate)
    if (nextUpdate !== undefined) writer.context(0, () => writer.generalizedTime(nextUpdate))
    if (extensions.length > 0) writer.context(1, () => writeExtensions(writer, extensions))
  })
}

const nothing = new Uint8Array()

function writeStatus(writer: DerWriter, status: CertStatus): void {
  if (status.kind !== 'revoked') {
    writer.octets(nothing, contextPrimitive(status.kind === 'good' ? 0 : 2))
    return
  }
  const { at, reason } = status
  writer.context(1, () => {
    writer.generalizedTime(at)
    if (reason !== undefined) writer.context(0, () => writer.integer(reason, tag.enumerated))
  })
}
