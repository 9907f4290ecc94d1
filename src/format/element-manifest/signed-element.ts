// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { isRecord, isText, memberOf, parseObject } from './members.ts'

/** An entry of a manifest: what its provisioner signed about one element, and how. Nothing is verified yet. */
export interface SignedElement {
  /** As the unprotected header says; the payload says it again, signed. */
  readonly uniqueId: string
  /** SHA-256 of the certificate of the key that signed. */
  readonly signerSha256: Uint8Array
  /** What was signed: the protected header and the payload in base64url, with a dot between. */
  readonly toBeSigned: Uint8Array
  /** r and s of ECDSA with P-256 and SHA-256, 32 octets each. */
  readonly signature: Uint8Array
  /** JSON: a SecureElement. */
  readonly payload: Uint8Array
}

const members = ['payload', 'protected', 'header', 'signature']
const utf8 = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/**
 * Reads one SignedSecureElement: a flattened JWS with ES256 and nothing that asks for more understanding.
 *
 * @throws FormatError
 * @see Microchip, Trust Platform Manifest File Format, sections 2.4 and 2.2; RFC 7515 sections 7.2.2 and 4.1
 */
export function parseSignedElement(text: string): SignedElement {
  const entry = parseObject(text, 'the entry')
  const stranger = Object.keys(entry).find((name) => !members.includes(name))
  if (stranger !== undefined)
    throw new FormatError('value-not-allowed', 0, `member ${stranger.slice(0, 40)} is not known`)
  const header = memberOf(entry, 'protected', isText, 'text')
  const payload = memberOf(entry, 'payload', isText, 'text')
  const { uniqueId } = memberOf(entry, 'header', isRecord, 'an object')
  const protectedHeader = parseObject(textOf(base64Url(header, 'protected')), 'protected')
  checkAlgorithm(protectedHeader)
  const digest = base64Url(memberOf(protectedHeader, 'x5t#S256', isText, 'text'), 'x5t#S256')
  if (digest.length !== 32)
    throw new FormatError('value-not-allowed', 0, `x5t#S256 has ${digest.length} octets, not 32`)
  const signature = base64Url(memberOf(entry, 'signature', isText, 'text'), 'signature')
  if (signature.length !== 64)
    throw new FormatError(
      'value-not-allowed',
      0,
      `signature has ${signature.length} octets, not 64`,
    )
  return {
    uniqueId: parseUniqueId(uniqueId),
    signerSha256: digest,
    toBeSigned: encoder.encode(`${header}.${payload}`),
    signature,
    payload: base64Url(payload, 'payload'),
  }
}

/** RFC 7515 section 4.1.11: a `crit` that is not understood makes the JWS invalid, and none is understood here. */
function checkAlgorithm(header: Readonly<Record<string, unknown>>): void {
  const algorithm = memberOf(header, 'alg', isText, 'text')
  if (algorithm !== 'ES256')
    throw new FormatError('value-not-allowed', 0, `alg is ${algorithm.slice(0, 40)}, not ES256`)
  if (Object.hasOwn(header, 'crit'))
    throw new FormatError('value-not-allowed', 0, 'crit asks for an extension')
}

/** Microchip's have nine octets in hexadecimal; others may use what a serial may hold. Small letters, always. */
export function parseUniqueId(value: unknown): string {
  if (!isText(value) || !/^[0-9A-Za-z][0-9A-Za-z._:-]{3,63}$/.test(value))
    throw new FormatError('value-not-allowed', 0, 'uniqueId is no identifier of 4 to 64 signs')
  return value.toLowerCase()
}

/** RFC 7515 section 2: without padding, in its one spelling. @throws FormatError `base64-malformed` */
export function base64Url(text: string, what: string): Uint8Array {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' })
    if (bytes.toBase64({ alphabet: 'base64url', omitPadding: true }) === text) return bytes
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError('base64-malformed', 0, `${what} is not base64url`)
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}
