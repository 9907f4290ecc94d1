// SPDX-License-Identifier: Apache-2.0
import type { HttpRequest, HttpResponse } from '#edge/http/message.ts'
import { sha256 } from '#trust/digest.ts'

/** Bytes that many ask for again and again. */
export interface PublicFile {
  /** What the entity tag is made of: DER, kept by its owner as one object while it stays the same. */
  readonly bytes: Uint8Array
  /** Their SHA-256, where it is known: hashing a list of a million anew would hold up everybody. */
  readonly sha256?: Uint8Array | null
  /** What is sent: those bytes, or their PEM. */
  readonly content: Uint8Array | string
  readonly type: string
  readonly maxAgeSeconds: number
  readonly lastModified: Temporal.Instant | undefined
}

/** Answers with the file, or says that the asker has it already. RFC 9110 section 13. */
export function answerFile(fields: HttpRequest['headers'], file: PublicFile): HttpResponse {
  const tag = entityTag(file)
  const headers = {
    ETag: tag,
    'Cache-Control': `public, max-age=${file.maxAgeSeconds}`,
    ...(file.lastModified && { 'Last-Modified': httpDate(file.lastModified) }),
  }
  return isKnown(fields, tag)
    ? { status: 304, headers, body: '' }
    : { status: 200, headers: { 'Content-Type': file.type, ...headers }, body: file.content }
}

/**
 * Whether the asker has it, by its tag alone, RFC 9110 section 13.1.2.
 *
 * Not by its date, to the second: in the second of a revocation there may have been two of it, and who had
 * the first would be told until the next that nothing changed.
 */
export function isKnown(fields: HttpRequest['headers'], tag: string): boolean {
  const tags = fields['if-none-match']?.split(',') ?? []
  return tags.some((one) => ['*', tag, `W/${tag}`].includes(one.trim()))
}

const digests = new WeakMap<Uint8Array, string>()

/** PEM and DER of one certificate are two representations and bear two tags. */
function entityTag({ bytes, content, sha256: known }: PublicFile): string {
  const digest = digests.get(bytes) ?? (known ?? sha256(bytes)).toHex().slice(0, 32)
  digests.set(bytes, digest)
  return typeof content === 'string' ? `"${digest}-pem"` : `"${digest}"`
}

/** RFC 9110 section 5.6.7, whole seconds. */
export function httpDate(at: Temporal.Instant): string {
  return new Date(at.epochMilliseconds).toUTCString()
}
