// SPDX-License-Identifier: Apache-2.0
/** SigningCertificate and SigningCertificateV2: which certificate a signature is by. RFC 5035. */
import { createHash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { attributes } from '#format/oids.ts'
import { readAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { findDigest } from '../cms/digests.ts'
import { dangerouslySha1, sha256 } from '../digest.ts'

/**
 * Whether the signed attributes name this certificate first, by either attribute; both are held against it where both
 * are there.
 *
 * The older one is by SHA-1, and old authorities write nothing else: whoever could make two certificates of one SHA-1
 * would be an authority that is believed.
 *
 * @throws FormatError
 */
export function namesCertificate(from: readonly RequestAttribute[], { der }: Certificate): boolean {
  const newer = onlyOf(from, attributes.signingCertificateV2)
  const older = onlyOf(from, attributes.signingCertificate)
  if (newer === undefined && older === undefined) return false
  return (
    (newer === undefined || isNamedV2(newer, der)) && (older === undefined || isNamedV1(older, der))
  )
}

function onlyOf(from: readonly RequestAttribute[], type: string): Uint8Array | undefined {
  return from.find((attribute) => attribute.type === type)?.values[0]
}

function isNamedV2(value: Uint8Array, der: Uint8Array): boolean {
  return readFirst(value, (id) => {
    const digest = id.peek() === tag.sequence ? findDigest(readAlgorithmIdentifier(id)) : 'sha256'
    const named = id.octets()
    if (digest === undefined) return false
    return sameBytes(named, digest === 'sha256' ? sha256(der) : hashOf(digest, der))
  })
}

function isNamedV1(value: Uint8Array, der: Uint8Array): boolean {
  return readFirst(value, (id) => sameBytes(id.octets(), dangerouslySha1(der)))
}

/** The first of the list: the certificate of the signer. Policies and issuers are passed over. */
function readFirst(value: Uint8Array, read: (id: DerReader) => boolean): boolean {
  return readDer(value, limits.small, (reader) => {
    const outer = reader.sequence()
    const list = outer.sequence()
    const id = list.sequence()
    const isNamed = read(id)
    if (id.hasMore) id.skip()
    id.end()
    while (list.hasMore) list.skip()
    if (outer.hasMore) outer.skip()
    outer.end()
    return isNamed
  })
}

function hashOf(digest: string, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(digest).update(bytes).digest())
}
