// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { ocspTypes } from '#format/oids.ts'
import { readAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { readExplicitExtensions } from '#format/x509/certificate.ts'
import { type Extension, writeExtensions } from '#format/x509/extension.ts'
import { readGeneralName } from '#format/x509/general-name.ts'
import { type CertId, readCertId, writeCertId } from './cert-id.ts'
import { readNonce } from './nonce.ts'

/** One question of a request. */
export interface SingleRequest {
  readonly certId: CertId
  readonly extensions: readonly Extension[]
}

/** An OCSPRequest. All byte strings are views of the bytes that were parsed. */
export interface OcspRequest {
  /** At least one. */
  readonly requests: readonly SingleRequest[]
  readonly extensions: readonly Extension[]
  readonly nonce: Uint8Array | undefined
  /** Who says that it asks: a GeneralName, DER. */
  readonly requestorName: Uint8Array | undefined
  /** The whole of optionalSignature, DER: read to its end, not verified. */
  readonly signature: Uint8Array | undefined
}

/**
 * Parses one OCSPRequest strictly: DER, version 1, no critical extension but the nonce.
 *
 * @throws FormatError
 * @see RFC 6960 4.1.1, RFC 9654 2.1
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  return readDer(der, limits.ocspRequest, readOcspRequest)
}

function readOcspRequest(reader: DerReader): OcspRequest {
  const outer = reader.sequence()
  const tbs = outer.sequence()
  readVersion(tbs)
  const requestorName = tbs.hasContext(1) ? readRequestorName(tbs) : undefined
  const requests = tbs.sequenceOf(readSingleRequest)
  const start = tbs.offset
  const extensions = tbs.hasMore ? readOcspExtensions(tbs, 2) : []
  tbs.end()
  const signature = outer.hasMore ? readSignature(outer) : undefined
  outer.end()
  return { requests, extensions, nonce: nonceAt(extensions, start), requestorName, signature }
}

/** The one version there is must not be written (X.690 11.5). */
export function readVersion(reader: DerReader): void {
  if (!reader.hasContext(0)) return
  const explicit = reader.context(0)
  const start = explicit.offset
  const version = explicit.smallInteger(0x7fff_ffff)
  if (version === 0) throw new FormatError('default-encoded', start, 'version 1')
  throw new FormatError('version-unknown', start, `version ${version + 1}`)
}

/** The nonce, if there is one; of what is wrong with it the extensions' place is told. */
export function nonceAt(extensions: readonly Extension[], start: number): Uint8Array | undefined {
  try {
    return readNonce(extensions)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(error.code, start, 'in the nonce')
  }
}

function readRequestorName(tbs: DerReader): Uint8Array {
  const explicit = tbs.context(1)
  const start = explicit.offset
  readGeneralName(explicit)
  const name = explicit.since(start)
  explicit.end()
  return name
}

function readSingleRequest(list: DerReader): SingleRequest {
  const inner = list.sequence()
  const certId = readCertId(inner)
  const extensions = inner.hasMore ? readOcspExtensions(inner, 0) : []
  inner.end()
  return { certId, extensions }
}

/** RFC 6960 4.4: a critical extension that is not understood makes the message unreadable. */
export function readOcspExtensions(reader: DerReader, number: number): Extension[] {
  const start = reader.offset
  const extensions = readExplicitExtensions(reader, number, 'keep')
  const unknown = extensions.find(({ oid, critical }) => critical && oid !== ocspTypes.nonce)
  if (unknown !== undefined) throw new FormatError('extension-unknown-critical', start, unknown.oid)
  return extensions
}

/** 4.1.1: algorithm, signature, and certificates that nobody asked for; all of it DER. */
function readSignature(outer: DerReader): Uint8Array {
  const start = outer.offset
  const explicit = outer.context(0)
  const inner = explicit.sequence()
  readAlgorithmIdentifier(inner)
  inner.bitStringOctets()
  if (inner.hasMore) {
    const certificates = inner.context(0)
    const list = certificates.constructed(tag.sequence)
    while (list.hasMore) list.skip()
    certificates.end()
  }
  inner.end()
  explicit.end()
  return outer.since(start)
}

/** What a request is to ask. */
export interface OcspQuestion {
  readonly requests: readonly SingleRequest[]
  readonly extensions?: readonly Extension[]
  readonly requestorName?: Uint8Array | undefined
  /** As in OcspRequest; nothing here makes one. */
  readonly signature?: Uint8Array | undefined
}

/** @throws FormatError `element-missing` if nothing is asked, `serial-number-wrong` */
export function encodeOcspRequest(question: OcspQuestion): Uint8Array {
  const { requests, extensions = [], requestorName, signature } = question
  if (requests.length === 0) throw new FormatError('element-missing', 0, 'nothing is asked')
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.sequence(() => {
        if (requestorName !== undefined) writer.context(1, () => writer.raw(requestorName))
        writer.sequence(() => {
          for (const request of requests) writeSingleRequest(writer, request)
        })
        if (extensions.length > 0) writer.context(2, () => writeExtensions(writer, extensions))
      })
      if (signature !== undefined) writer.raw(signature)
    })
  })
}

function writeSingleRequest(writer: DerWriter, { certId, extensions }: SingleRequest): void {
  writer.sequence(() => {
    writeCertId(writer, certId)
    if (extensions.length > 0) writer.context(0, () => writeExtensions(writer, extensions))
  })
}
