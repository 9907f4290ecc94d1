// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { anchorOf, type TrustAnchor } from '../trust-anchor.ts'

/**
 * The roots of a PEM text, which whoever calls believes: of Vitalsign those of one product (`vitalsign anchor show`),
 * never those that an operating system brings.
 *
 * @throws FormatError if there is none, or one does not read or has a key that is not sound
 */
export function readAnchors(pem: string): readonly TrustAnchor[] {
  return parsePem(pem)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ bytes }) => {
      const made = anchorOf(parseCertificate(bytes))
      if (made.kind === 'anchor') return made.anchor
      throw new FormatError('value-not-allowed', 0, made.detail)
    })
}
