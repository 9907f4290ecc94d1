// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { contentTypes } from '#format/oids.ts'
import { encodeSignedData, parseSignedData, type SignedDataOptions } from './signed-data.ts'

/**
 * A CMS SignedData that signs nothing and carries certificates: what EST answers.
 *
 * A SET OF: the certificates end up in the order of their bytes, and nobody may rely on any.
 *
 * @see RFC 7030 4.1.3, RFC 5652 5.1
 */
export function encodeCertsOnly(certificates: readonly Uint8Array[]): Uint8Array {
  return encodeSignedData({
    digestAlgorithms: [],
    contentType: contentTypes.data,
    content: undefined,
    certificates,
    crls: [],
    signers: [],
  })
}

/**
 * The certificates of a certs-only message, as views, in the order in which they stand; they are not parsed further.
 *
 * @throws FormatError; `value-not-allowed` if the message signs something or holds content
 */
export function parseCertsOnly(
  der: Uint8Array,
  options: SignedDataOptions = {},
): readonly Uint8Array[] {
  const { contentType, content, signers, certificates } = parseSignedData(der, options)
  if (signers.length > 0 || content !== undefined || contentType !== contentTypes.data)
    throw new FormatError('value-not-allowed', 0, 'more than certificates')
  return certificates
}
