// SPDX-License-Identifier: Apache-2.0
import { algorithms, attributeTypes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSigned, encodeTbsCertificate } from '#format/x509/certificate.ts'
import { encodeName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import type { ArtefactKey, Key } from '../ledger/tables.ts'

/** RFC 5280 section 4.1.2.5: no end that is known. */
const never = Temporal.Instant.from('9999-12-31T23:59:59Z')

/**
 * A certificate that carries a bare key to who reads keys out of certificates only, and that nobody vouches for: it
 * has no signature, since a signing key signs artefacts and nothing else. The same key gives the same octets.
 *
 * @see RFC 9925 section 3
 */
export function unsignedCertificate(
  { name, addedAt }: Pick<ArtefactKey, 'name' | 'addedAt'>,
  { spki }: Pick<Key, 'spki'>,
): Uint8Array {
  const unsigned = encodeAlgorithmIdentifier(algorithms.unsigned)
  const subject = encodeName([[{ type: attributeTypes.commonName, value: name }]])
  // Positive, whatever the digest begins with.
  const serialNumber = Uint8Array.of(0x01, ...sha256(spki).subarray(0, 15))
  const toBeSigned = encodeTbsCertificate({
    ...{ serialNumber, signatureAlgorithm: unsigned, issuer: subject, subject, extensions: [] },
    ...{ notBefore: addedAt.round({ smallestUnit: 'second', roundingMode: 'floor' }) },
    ...{ notAfter: never, publicKey: spki },
  })
  return encodeSigned(toBeSigned, unsigned, new Uint8Array())
}
