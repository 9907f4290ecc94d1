// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type MessageImprint, readMessageImprint, writeMessageImprint } from './message-imprint.ts'

/** A TimeStampReq without extensions: none is known. RFC 3161 section 2.4.1. */
export interface TimeStampRequest {
  readonly messageImprint: MessageImprint
  /** Under which policy the time-stamp is wanted; undefined: any. */
  readonly policy: Oid | undefined
  /** INTEGER, content octets; as it came, since it goes back as it came. */
  readonly nonce: Uint8Array | undefined
  /** Whether the certificate of who stamps is wanted in the token. */
  readonly wantsCertificate: boolean
}

/** A request whose extensions are not known: told apart, as the answer has a word of its own for it. */
export const extensionsUnknown = 'extension-unknown-critical'

/**
 * Parses one request strictly.
 *
 * @throws FormatError; `extension-unknown-critical` for any extension, since none is defined
 * @see RFC 3161 section 2.4.1
 */
export function parseTimeStampRequest(der: Uint8Array): TimeStampRequest {
  return readDer(der, limits.small, (reader) => {
    const inner = reader.sequence()
    const start = inner.offset
    const version = inner.smallInteger(0x7fff_ffff)
    if (version !== 1) throw new FormatError('version-unknown', start, `version ${version}`)
    const messageImprint = readMessageImprint(inner)
    const policy = inner.peek() === tag.oid ? inner.oid() : undefined
    const nonce = inner.peek() === tag.integer ? inner.integerBytes() : undefined
    const wantsCertificate = inner.hasMore && !inner.hasContext(0) && inner.booleanDefaultFalse()
    if (inner.hasMore) throw new FormatError(extensionsUnknown, inner.offset, 'extensions')
    inner.end()
    return { messageImprint, policy, nonce, wantsCertificate }
  })
}

export function encodeTimeStampRequest(request: TimeStampRequest): Uint8Array {
  const { messageImprint, policy, nonce, wantsCertificate } = request
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(1)
      writeMessageImprint(writer, messageImprint)
      if (policy !== undefined) writer.oid(policy)
      if (nonce !== undefined) writer.integerBytes(nonce)
      writer.booleanDefaultFalse(wantsCertificate)
    }),
  )
}
