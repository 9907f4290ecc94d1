// SPDX-License-Identifier: Apache-2.0
/**
 * Whether an error of the TLS library is the other side's word against our certificate.
 *
 * In TLS 1.3 it comes after the handshake, from a server that was judged; in TLS 1.2 within it, and then
 * anybody on the wire may have said it.
 *
 * @see RFC 8446 section 6.2
 */
export function isAboutOurCertificate(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /alert_(bad_|unsupported_)?certificate|alert_(unknown_ca|access_denied)/i.test(code)
}
