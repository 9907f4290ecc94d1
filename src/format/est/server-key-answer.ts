// SPDX-License-Identifier: Apache-2.0
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { mediaTypes } from './messages.ts'

/** What a device gets from serverkeygen. */
export interface ServerKeyAnswer {
  readonly key: /** PKCS #8, DER. Secret. */
    | { readonly kind: 'plain'; readonly der: Uint8Array }
    /** ContentInfo with EnvelopedData, DER. */
    | { readonly kind: 'sealed'; readonly der: Uint8Array }
  /** DER. */
  readonly certificate: Uint8Array
}

/** Part of no base64, and so of no part. */
const boundary = '_vitalsign_est_'

/** The Content-Type of what `encodeServerKeyAnswer` makes. */
export const serverKeyAnswerType = `multipart/mixed; boundary="${boundary}"`

const encoder = new TextEncoder()

/**
 * The body of an answer to serverkeygen: the key, then the certificate as from simpleenroll.
 *
 * Lines have 76 characters, as MIME wants it of base64 (RFC 2045 section 6.8).
 *
 * @returns bytes of their own that hold the key in the clear if it is plain: the caller wipes them
 * @see RFC 7030 section 4.4.2
 */
export function encodeServerKeyAnswer({ key, certificate }: ServerKeyAnswer): Uint8Array {
  const pieces = [
    head(mediaTypes[key.kind === 'plain' ? 'privateKey' : 'sealedKey'], ''),
    base64Lines(key.der),
    head(mediaTypes.enrolResponse, '\r\n'),
    base64Lines(encodeCertsOnly([certificate])),
    encoder.encode(`\r\n--${boundary}--\r\n`),
  ]
  const body = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    body.set(piece, at)
    at += piece.length
    piece.fill(0)
  }
  return body
}

function head(type: string, before: string): Uint8Array {
  const fields = `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n`
  return encoder.encode(`${before}--${boundary}\r\n${fields}\r\n`)
}

const alphabet = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const lineLength = 76

/** Into bytes that can be wiped, not into text that cannot. */
function base64Lines(der: Uint8Array): Uint8Array {
  const length = Math.ceil(der.length / 3) * 4
  const breaks = Math.max(0, Math.ceil(length / lineLength) - 1)
  const out = new Uint8Array(length + 2 * breaks).fill(0x3d)
  let at = 0
  for (let index = 0; index < der.length; index += 3) {
    if (index > 0 && (index / 3) % (lineLength / 4) === 0) {
      out[at++] = 0x0d
      out[at++] = 0x0a
    }
    const bits = (der[index]! << 16) | ((der[index + 1] ?? 0) << 8) | (der[index + 2] ?? 0)
    const characters = Math.min(der.length - index, 3) + 1
    for (let one = 0; one < characters; one++)
      out[at + one] = alphabet[(bits >> (18 - 6 * one)) & 63]!
    at += 4
  }
  return out
}
