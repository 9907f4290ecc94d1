// SPDX-License-Identifier: Apache-2.0
import { limits } from '../der/budget.ts'
import type { Oid } from '../der/oid.ts'
import { type DerReader, readDer } from '../der/reader.ts'
import { contextConstructed, tag } from '../der/tag.ts'
import { encodeDer } from '../der/writer.ts'
import { FormatError } from '../format-error.ts'
import { contentTypes } from '../oids.ts'

/**
 * A CMS SignedData that signs nothing and carries certificates: what EST answers.
 *
 * A SET OF: the certificates end up in the order of their bytes, and nobody may rely on any.
 *
 * @see RFC 5652 5.1, RFC 7030 4.1.3
 */
export function encodeCertsOnly(certificates: readonly Uint8Array[]): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(contentTypes.signedData)
      writer.context(0, () => {
        writer.sequence(() => {
          writer.integer(1)
          writer.constructed(tag.set, () => {})
          writer.sequence(() => writer.oid(contentTypes.data))
          if (certificates.length > 0) writer.setOf(certificates, contextConstructed(0))
          writer.constructed(tag.set, () => {})
        })
      })
    })
  })
}

/** How strictly a foreign message is read. */
export interface CertsOnlyOptions {
  /** `any`: certificates may stand in any order, as openssl writes them. */
  readonly order?: 'der' | 'any'
}

/**
 * The certificates of a certs-only message, as views, in the order in which they stand. They are DER, not parsed.
 *
 * @throws FormatError; `value-not-allowed` if the message signs something or carries something else
 */
export function parseCertsOnly(
  der: Uint8Array,
  options: CertsOnlyOptions = {},
): readonly Uint8Array[] {
  return readDer(der, limits.signedData, (reader) => {
    const contentInfo = reader.sequence()
    readOid(contentInfo, contentTypes.signedData)
    const explicit = contentInfo.context(0)
    contentInfo.end()
    const signedData = explicit.sequence()
    explicit.end()
    readVersion(signedData)
    readEmptySet(signedData)
    const encapsulated = signedData.sequence()
    readOid(encapsulated, contentTypes.data)
    encapsulated.end()
    const certificates = readCertificates(signedData, options.order ?? 'der')
    readEmptySet(signedData)
    signedData.end()
    return certificates
  })
}

function readOid(reader: DerReader, expected: Oid): void {
  const start = reader.offset
  const found = reader.oid()
  if (found !== expected) throw new FormatError('value-not-allowed', start, `content ${found}`)
}

function readVersion(reader: DerReader): void {
  const start = reader.offset
  const version = reader.smallInteger(0x7fff_ffff)
  if (version !== 1) throw new FormatError('version-unknown', start, `version ${version}`)
}

function readEmptySet(reader: DerReader): void {
  const start = reader.offset
  if (reader.constructed(tag.set).hasMore)
    throw new FormatError('value-not-allowed', start, 'signed, where certificates only are due')
}

function readCertificates(signedData: DerReader, order: 'der' | 'any'): Uint8Array[] {
  if (!signedData.hasContext(0)) return []
  const readOne = (set: DerReader) => {
    if (set.peek() !== tag.sequence) throw new FormatError('tag-not-expected', set.offset)
    return set.any()
  }
  if (order === 'der') return signedData.setOf(readOne, contextConstructed(0))
  const set = signedData.nonEmpty(contextConstructed(0))
  const certificates: Uint8Array[] = []
  while (set.hasMore) certificates.push(readOne(set))
  return certificates
}
