// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import {
  type CertificationRequest,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** Reads a PKCS #10 request, or says at which byte it is none. */
export function readRequest(
  der: Uint8Array,
): { readonly kind: 'request'; readonly request: CertificationRequest } | Refused {
  return readOrRefuse('the request', () => ({
    kind: 'request',
    request: parseCertificationRequest(der),
  }))
}

/** Reads a certificate that a stranger showed, or says at which byte it is none. */
export function parseCertificateOrRefuse(
  der: Uint8Array,
): { readonly kind: 'certificate'; readonly certificate: Certificate } | Refused {
  return readOrRefuse('the certificate', () => ({
    kind: 'certificate',
    certificate: parseCertificate(der),
  }))
}

function readOrRefuse<T>(what: string, read: () => T): T | Refused {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('request-malformed', `${what} is not valid: ${error.message}`)
  }
}
