// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { ocspTypes } from '#format/oids.ts'
import type { Extension } from '#format/x509/extension.ts'

/** RFC 9654 2.1: 1 to 128 octets. */
const maxNonceBytes = 128

/**
 * The nonce among the extensions of a request or an answer; undefined if there is none.
 *
 * Its extnValue holds an OCTET STRING, which is the nonce itself.
 *
 * @throws FormatError if it is no OCTET STRING, empty, or longer than 128 octets
 */
export function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const found = extensions.find(({ oid }) => oid === ocspTypes.nonce)
  if (found === undefined) return undefined
  const nonce = readDer(found.value, limits.small, (reader) => reader.octets())
  if (nonce.length === 0 || nonce.length > maxNonceBytes)
    throw new FormatError('value-not-allowed', 0, `a nonce of ${nonce.length} octets`)
  return nonce
}

export function encodeNonce(nonce: Uint8Array): Extension {
  const value = encodeDer((writer) => writer.octets(nonce))
  return { oid: ocspTypes.nonce, critical: false, value }
}

/** RFC 6960 4.4.4: since when an answer can be relied on for certificates that have ended. */
export function encodeArchiveCutoff(since: Temporal.Instant): Extension {
  const value = encodeDer((writer) => writer.generalizedTime(since))
  return { oid: ocspTypes.archiveCutoff, critical: false, value }
}
