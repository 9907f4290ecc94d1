// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'

/** The one certificate of a PEM text, or what is wrong with it. */
export function readCertificate(
  pem: string,
): { readonly kind: 'certificate'; readonly certificate: Certificate } | Refused {
  try {
    const blocks = parsePem(pem).filter((block) => block.label === 'CERTIFICATE')
    const [block] = blocks
    if (block === undefined || blocks.length > 1) {
      return refuse(
        'input-wrong',
        `certificate: one PEM certificate is needed, ${blocks.length} are there`,
      )
    }
    // Foreign certificates may carry critical extensions of their own; nothing is decided by them here.
    return {
      kind: 'certificate',
      certificate: parseCertificate(block.bytes, { unknownCritical: 'keep' }),
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `certificate: ${error.message}`)
  }
}

/** Certificates one after the other, as files of them are written. */
export function pemOf(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('')
}
