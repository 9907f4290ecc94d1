// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { ocspTypes } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { type ResponseData, readResponseData } from './response-data.ts'

/** RFC 6960 4.2.1, OCSPResponseStatus. */
export const responseStatuses = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const

export type ResponseStatus = keyof typeof responseStatuses

/** An OCSPResponse without an answer: unsigned, and so no proof of anything. */
export interface OcspError {
  readonly kind: Exclude<ResponseStatus, 'successful'>
}

/** A signed answer. All byte strings are views of the bytes that were parsed. */
export interface BasicResponse extends ResponseData {
  readonly kind: 'successful'
  /** What is signed. */
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
  /** DER, whole; not parsed. */
  readonly certificates: readonly Uint8Array[]
}

/**
 * Parses one OCSPResponse strictly; of its signature and its certificates nothing is verified.
 *
 * @throws FormatError
 * @see RFC 6960 4.2.1
 */
export function parseOcspResponse(der: Uint8Array): BasicResponse | OcspError {
  return readDer(der, limits.ocspResponse, readOcspResponse)
}

const kindsByStatus: ReadonlyMap<number, ResponseStatus> = new Map(
  Object.entries(responseStatuses).map(([kind, status]) => [status, kind as ResponseStatus]),
)

function readOcspResponse(reader: DerReader): BasicResponse | OcspError {
  const outer = reader.sequence()
  const start = outer.offset
  const kind = kindsByStatus.get(outer.smallInteger(6, tag.enumerated))
  if (kind === undefined) throw new FormatError('value-not-allowed', start, 'status 4')
  if (kind !== 'successful') {
    outer.end()
    return { kind }
  }
  const explicit = outer.context(0)
  const bytes = explicit.sequence()
  const typeStart = bytes.offset
  const type = bytes.oid()
  if (type !== ocspTypes.basicResponse)
    throw new FormatError('value-not-allowed', typeStart, `response type ${type}`)
  const wrapped = bytes.wrapped()
  const basic = readBasicResponse(wrapped)
  for (const ended of [wrapped, bytes, explicit, outer]) ended.end()
  return basic
}

function readBasicResponse(reader: DerReader): BasicResponse {
  const inner = reader.sequence()
  const start = inner.offset
  const data = readResponseData(inner)
  const tbs = inner.since(start)
  const signatureAlgorithm = readAlgorithmIdentifier(inner)
  const signature = inner.bitStringOctets()
  const certificates = inner.hasMore ? readCertificates(inner) : []
  inner.end()
  return { kind: 'successful', ...data, tbs, signatureAlgorithm, signature, certificates }
}

function readCertificates(reader: DerReader): Uint8Array[] {
  const explicit = reader.context(0)
  const list = explicit.nonEmpty(tag.sequence)
  const certificates: Uint8Array[] = []
  while (list.hasMore) certificates.push(list.any())
  explicit.end()
  return certificates
}

/** An answer without proof: what was wrong, in one word. */
export function encodeOcspError(kind: OcspError['kind']): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => writer.integer(responseStatuses[kind], tag.enumerated))
  })
}

/** What is put together once the signature is there. */
export interface SignedData {
  /** As `encodeResponseData` gave it. */
  readonly tbs: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
  /** DER, that of the responder first. */
  readonly certificates: readonly Uint8Array[]
}

export function encodeOcspResponse(signed: SignedData): Uint8Array {
  const { tbs, signatureAlgorithm, signature, certificates } = signed
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(responseStatuses.successful, tag.enumerated)
      writer.context(0, () =>
        writer.sequence(() => {
          writer.oid(ocspTypes.basicResponse)
          writer.wrapped(() =>
            writer.sequence(() => {
              writer.raw(tbs)
              writer.raw(signatureAlgorithm.der)
              writer.bitStringOctets(signature)
              if (certificates.length === 0) return
              writer.context(0, () =>
                writer.sequence(() => {
                  for (const certificate of certificates) writer.raw(certificate)
                }),
              )
            }),
          )
        }),
      )
    })
  })
}
