// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { encodePem, type PemBlock, parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { wrongUse } from '../stop.ts'

/**
 * The first certificate of a file in PEM or DER, alone and in PEM.
 *
 * A private key, or whatever else stands beside it, never leaves this machine.
 *
 * @throws Stop if no certificate is there
 */
export function firstCertificateOf(bytes: Uint8Array, path: string): string {
  try {
    const der = bytes[0] === derSequence ? bytes : firstBlockOf(bytes)
    if (der !== undefined) {
      // A key in DER begins like a certificate, so it is read before it is sent.
      parseCertificate(der, { unknownCritical: 'keep' })
      return encodePem('CERTIFICATE', der)
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${path} is no certificate: ${error.message}`, hint)
  }
  throw wrongUse(`${path} has no certificate in it`, hint)
}

/**
 * Every certificate of a file in PEM or DER, one after the other and in PEM: nothing else leaves this machine.
 *
 * @throws Stop if no certificate is there
 */
export function certificatesOf(bytes: Uint8Array, path: string): string {
  if (bytes[0] === derSequence) return firstCertificateOf(bytes, path)
  try {
    const found = parsePem(new TextDecoder().decode(bytes)).filter(isCertificate)
    if (found.length > 0)
      return found.map(({ label, bytes: der }) => encodePem(label, der)).join('')
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${path} is no certificate: ${error.message}`, hint)
  }
  throw wrongUse(`${path} has no certificate in it`, hint)
}

/** A revocation list in PEM or DER, in PEM; the server says what is wrong with it. */
export function crlTextOf(bytes: Uint8Array): string {
  return bytes[0] === derSequence ? encodePem('X509 CRL', bytes) : new TextDecoder().decode(bytes)
}

/**
 * An endorsement key or its certificate, in PEM; of DER, as it is read from a TPM, the memory's padding goes.
 * The server says what is wrong with it.
 */
export function endorsementKeyOf(bytes: Uint8Array): string {
  if (bytes[0] !== derSequence) return new TextDecoder().decode(bytes)
  // A certificate begins with a sequence in which a sequence stands that begins with its version or number.
  const first = contentAt(bytes, 0)
  const inner = contentAt(bytes, first.start)
  const isCertificate = bytes[inner.start] === 0xa0 || bytes[inner.start] === 0x02
  return encodePem(isCertificate ? 'CERTIFICATE' : 'PUBLIC KEY', bytes.subarray(0, first.end))
}

/** Where the content of a DER value lies; beyond the end where the bytes stop early. */
function contentAt(
  bytes: Uint8Array,
  at: number,
): { readonly start: number; readonly end: number } {
  const length = bytes[at + 1] ?? 0
  const count = length < 0x80 ? 0 : length & 0x7f
  const octets = bytes.subarray(at + 2, at + 2 + count)
  const size = count === 0 ? length : octets.reduce((sum, octet) => sum * 256 + octet, 0)
  const start = at + 2 + count
  return { start, end: start + size }
}

function firstBlockOf(bytes: Uint8Array): Uint8Array | undefined {
  return parsePem(new TextDecoder().decode(bytes)).find(isCertificate)?.bytes
}

function isCertificate({ label }: PemBlock): boolean {
  return label === 'CERTIFICATE'
}

const hint = 'name a file that holds a certificate, in PEM or DER'

/** The first byte of any certificate or list in DER (X.690 section 8.9.1). */
const derSequence = 0x30
