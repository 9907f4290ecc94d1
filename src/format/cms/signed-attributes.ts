// SPDX-License-Identifier: Apache-2.0
/** The signed attributes that every signer writes: what was signed, its digest, and when. RFC 5652 section 11. */
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes } from '#format/oids.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'

export interface SignedAttributes {
  readonly contentType: Oid
  /** The digest of the content alone, without tag and length. */
  readonly messageDigest: Uint8Array
  /** As the signer's clock said it: whoever has the key may write any. To the second. */
  readonly signingTime: Temporal.Instant | undefined
}

/** In the order in which they are signed, which is that of their octets. */
export function encodeCommonAttributes(said: SignedAttributes): RequestAttribute[] {
  const { contentType, messageDigest, signingTime } = said
  const common: RequestAttribute[] = [
    { type: attributes.contentType, values: [encodeDer((writer) => writer.oid(contentType))] },
  ]
  if (signingTime !== undefined)
    common.push({
      type: attributes.signingTime,
      values: [encodeDer((writer) => writer.time(signingTime))],
    })
  common.push({
    type: attributes.messageDigest,
    values: [encodeDer((writer) => writer.octets(messageDigest))],
  })
  return common
}

/**
 * What the attributes say; those that are not known here are passed over, as RFC 5652 section 5.3 has it.
 *
 * @throws FormatError `element-missing` without content type or digest, `too-many` where one has several values
 */
export function readCommonAttributes(from: readonly RequestAttribute[]): SignedAttributes {
  const contentType = onlyValue(from, attributes.contentType, (reader) => reader.oid())
  const messageDigest = onlyValue(from, attributes.messageDigest, (reader) => reader.octets())
  if (contentType === undefined || messageDigest === undefined)
    throw new FormatError('element-missing', 0, 'signed attributes without content type or digest')
  const signingTime = onlyValue(from, attributes.signingTime, (reader) => reader.time())
  return { contentType, messageDigest, signingTime }
}

/** The one value of an attribute; undefined: there is no such attribute. */
function onlyValue<T>(
  from: readonly RequestAttribute[],
  type: Oid,
  read: (reader: DerReader) => T,
): T | undefined {
  const values = from.find((attribute) => attribute.type === type)?.values
  if (values === undefined) return undefined
  const [value, ...more] = values
  if (value === undefined || more.length > 0)
    throw new FormatError('too-many', 0, `${values.length} values of attribute ${type}`)
  return readDer(value, limits.small, read)
}
