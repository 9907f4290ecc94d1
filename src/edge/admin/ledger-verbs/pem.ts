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

/** Every certificate of a PEM text, in its order; `input` is the name of what it came in. */
export function readCertificates(input: string, pem: string): readonly Certificate[] | Refused {
  try {
    const read = parsePem(pem)
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' }))
    return read.length > 0 ? read : refuse('input-wrong', `${input}: no certificate is in it`)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `${input}: ${error.message}`)
  }
}

/** The first revocation list of a PEM text. */
export function readCrl(pem: string): Uint8Array | Refused {
  try {
    const block = parsePem(pem).find(({ label }) => label === 'X509 CRL')
    return block?.bytes ?? refuse('input-wrong', 'crl: there is no X509 CRL block in it')
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('input-wrong', `crl: ${cause.message}`)
  }
}

/** Certificates one after the other, as files of them are written. */
export function pemOf(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem('CERTIFICATE', der)).join('')
}
