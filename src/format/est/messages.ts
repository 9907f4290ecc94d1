// SPDX-License-Identifier: Apache-2.0
/** Media types of RFC 7030 3.2.4 and 4.4.2, as they are sent. */
export const mediaTypes = {
  caCertificates: 'application/pkcs7-mime',
  enrolRequest: 'application/pkcs10',
  enrolResponse: 'application/pkcs7-mime; smime-type=certs-only',
  csrAttributes: 'application/csrattrs',
  privateKey: 'application/pkcs8',
  sealedKey: 'application/pkcs7-mime; smime-type=server-generated-key',
} as const

/**
 * Whether a Content-Type header names this media type; parameters and case do not matter (RFC 9110 8.3.1), and
 * a missing header is taken as right, since nothing else is ever sent to these addresses.
 */
export function isMediaType(header: string | undefined, wanted: string): boolean {
  if (header === undefined) return true
  return essence(header) === essence(wanted)
}

function essence(header: string): string {
  return header.split(';', 1)[0]!.trim().toLowerCase()
}

/**
 * An EST body: base64 of DER, without line breaks (RFC 8951 3.1; Content-Transfer-Encoding is ignored by all).
 *
 * Its reader is `parseBase64Body`.
 */
export function encodeBase64Body(der: Uint8Array): string {
  return der.toBase64()
}
