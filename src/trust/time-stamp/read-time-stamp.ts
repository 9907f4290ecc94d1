// SPDX-License-Identifier: Apache-2.0
import { parseSignedData } from '#format/cms/signed-data.ts'
import { parseTstInfo } from '#format/time-stamp/tst-info.ts'
import { formatName } from '#format/x509/name.ts'
import { isNamedBy, readCertificates } from '../cms/hold-signature.ts'

/** What a time-stamp says of itself, for people to read. */
export interface ShownStamp {
  readonly at: Temporal.Instant
  /** INTEGER, content octets: by it the authority finds its own record. */
  readonly serialNumber: Uint8Array
  /** The subject of the certificate of who stamped; undefined where the token bears none of it. */
  readonly authority: string | undefined
}

/**
 * Reads a token that was verified when it was taken; nothing of it is verified here.
 *
 * @param token TimeStampToken, DER
 * @throws FormatError if it does not read
 */
export function readTimeStamp(token: Uint8Array): ShownStamp {
  const { content, signers, certificates } = parseSignedData(token, { order: 'any' })
  const { genTime, serialNumber } = parseTstInfo(content ?? new Uint8Array())
  const [signer] = signers
  const leaf = signer && readCertificates(certificates).find((one) => isNamedBy(one, signer.signer))
  return { at: genTime, serialNumber, authority: leaf && formatName(leaf.subject) }
}
