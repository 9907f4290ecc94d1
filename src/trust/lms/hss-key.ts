// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type HssPublicKey, parseHssPublicKey } from '#format/lms/hss.ts'
import { algorithms } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { SignerKey } from '../artefact/verdict.ts'
import { fingerprintOf } from '../public-key.ts'

/**
 * An HSS public key: as RFC 8554 has it, or as a SubjectPublicKeyInfo around those octets.
 *
 * RFC 8708 had an OCTET STRING between the two, which RFC 9708 took out again: it is refused.
 *
 * @throws FormatError
 * @see RFC 9708 section 4, RFC 9802 section 4
 */
export function readHssKey(bytes: Uint8Array): HssPublicKey {
  // L comes first, in four octets: a raw key begins with zeros.
  if (bytes[0] !== 0x30) return parseHssPublicKey(bytes)
  const { algorithm, key } = parseSubjectPublicKeyInfo(bytes)
  if (algorithm.oid !== algorithms.hssLmsHashsig || algorithm.parameters !== undefined)
    throw new FormatError('value-not-allowed', 0, `algorithm ${algorithm.oid}, not HSS/LMS`)
  return parseHssPublicKey(key)
}

/** As the signer of an artefact that it signed: named by the digest of its SubjectPublicKeyInfo's material. */
export function hssSigner({ bytes }: HssPublicKey): SignerKey {
  const identifier = encodeAlgorithmIdentifier(algorithms.hssLmsHashsig)
  const spki = encodeSubjectPublicKeyInfo(identifier, bytes).der
  return { algorithm: 'hss-lms', spki, fingerprint: fingerprintOf('hss-lms', bytes) }
}
