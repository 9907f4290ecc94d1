// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from '#format/base64.ts'
import { oid } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodeSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { isArray, isRecord, isText, memberOf, parseObject } from './members.ts'
import { base64Url, parseUniqueId } from './signed-element.ts'

/** What a provisioner says of one element. */
export interface ManifestElement {
  readonly uniqueId: string
  readonly model: string
  readonly partNumber: string
  /** RFC 3339, as it was written; null where it was not. */
  readonly provisionedAt: string | null
  readonly keys: readonly ManifestKey[]
}

/** A public key whose private half is in the element. */
export interface ManifestKey {
  /** The slot of the element. */
  readonly slot: string
  readonly publicKey: SubjectPublicKeyInfo
  /** That of the key, then those above it; may be empty. Whether they hold together is not checked. */
  readonly certificates: readonly Certificate[]
}

/** An element has 16 slots; those of keys are fewer. */
const mostKeys = 16
const mostCertificates = 4

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the SecureElement of an entry. What it says besides (its maker, its distributor, encrypted secrets) is passed
 * over: versions 1 to 3 of the format differ in that alone.
 *
 * @throws FormatError
 * @see Microchip, Trust Platform Manifest File Format, sections 2.5 and 2.7; RFC 7517 section 4, RFC 7518 section 6.2
 */
export function parseElement(payload: Uint8Array): ManifestElement {
  const element = parseObject(decode(payload), 'payload')
  const keySet = memberOf(element, 'publicKeySet', isRecord, 'an object')
  const keys = memberOf(keySet, 'keys', isArray, 'a list')
  if (keys.length === 0 || keys.length > mostKeys)
    throw new FormatError('too-many', 0, `${keys.length} keys, 1 to ${mostKeys} are good`)
  const read = keys.map(readKey)
  if (new Set(read.map(({ slot }) => slot)).size < read.length)
    throw new FormatError('value-not-allowed', 0, 'a kid stands twice')
  const { provisioningTimestamp } = element
  return {
    uniqueId: parseUniqueId(element.uniqueId),
    model: shortText(element, 'model'),
    partNumber: shortText(element, 'partNumber'),
    provisionedAt: isText(provisioningTimestamp) ? provisioningTimestamp.slice(0, 40) : null,
    keys: read,
  }
}

function readKey(value: unknown): ManifestKey {
  if (!isRecord(value)) throw new FormatError('value-not-allowed', 0, 'a key is no object')
  const slot = shortText(value, 'kid')
  const place = (error: unknown) => {
    if (!(error instanceof FormatError)) return error
    return new FormatError(error.code, 0, `key ${slot}: ${error.message}`)
  }
  try {
    return { slot, publicKey: readPoint(value), certificates: readCertificates(value) }
  } catch (error) {
    throw place(error)
  }
}

const p256 = encodeAlgorithmIdentifier(
  algorithms.ecPublicKey,
  encodeDer((writer) => writer.oid(oid('1.2.840.10045.3.1.7'))),
)

/** RFC 7518 section 6.2.1: both coordinates at their full length. */
function readPoint(key: Readonly<Record<string, unknown>>): SubjectPublicKeyInfo {
  const [type, curve] = [memberOf(key, 'kty', isText, 'text'), memberOf(key, 'crv', isText, 'text')]
  if (type !== 'EC' || curve !== 'P-256')
    throw new FormatError(
      'value-not-allowed',
      0,
      `a key of ${type.slice(0, 20)} ${curve.slice(0, 20)}, not EC P-256`,
    )
  const point = new Uint8Array(65)
  point[0] = 4
  for (const [index, name] of ['x', 'y'].entries()) {
    const coordinate = base64Url(memberOf(key, name, isText, 'text'), name)
    if (coordinate.length !== 32)
      throw new FormatError('value-not-allowed', 0, `${name} has ${coordinate.length} octets`)
    point.set(coordinate, 1 + index * 32)
  }
  return encodeSubjectPublicKeyInfo(p256, point)
}

/** RFC 7517 section 4.7: base64, not base64url, the key's own certificate first. */
function readCertificates(key: Readonly<Record<string, unknown>>): Certificate[] {
  if (!Object.hasOwn(key, 'x5c')) return []
  const chain = memberOf(key, 'x5c', isArray, 'a list')
  if (chain.length > mostCertificates)
    throw new FormatError('too-many', 0, `${chain.length} certificates in x5c`)
  return chain.map((text) => {
    if (!isText(text)) throw new FormatError('value-not-allowed', 0, 'x5c holds what is no text')
    return parseCertificate(decodeBase64(text))
  })
}

function shortText(from: Readonly<Record<string, unknown>>, name: string): string {
  const text = memberOf(from, name, isText, 'text')
  if (/^[\x20-\x7e]{1,64}$/.test(text)) return text
  throw new FormatError('value-not-allowed', 0, `${name} is not 1 to 64 printable signs`)
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'payload is not UTF-8')
  }
}
