// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type PemBlock, parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { parseSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { wrongUse } from '../stop.ts'

/** A public key, and what it stands in. */
export interface FoundKey {
  readonly file: string
  readonly what: 'certificate' | 'request' | 'public key'
  readonly spki: SubjectPublicKeyInfo
}

type Reader = (der: Uint8Array) => SubjectPublicKeyInfo

/** By their labels (RFC 7468), in the order in which DER without a label is tried. */
const readers: Readonly<Record<string, readonly [FoundKey['what'], Reader]>> = {
  CERTIFICATE: [
    'certificate',
    (der) => parseCertificate(der, { unknownCritical: 'keep' }).publicKey,
  ],
  'CERTIFICATE REQUEST': ['request', (der) => parseCertificationRequest(der).publicKey],
  'NEW CERTIFICATE REQUEST': ['request', (der) => parseCertificationRequest(der).publicKey],
  'PUBLIC KEY': ['public key', parseSubjectPublicKeyInfo],
}

const hint =
  'name a certificate, a request or a public key, in PEM or DER ("openssl pkey -pubout" gives one)'

/**
 * Every public key of a file: of certificates, requests and SubjectPublicKeyInfo, in PEM or DER.
 *
 * A private key is refused, whatever stands beside it: it has no business here, and nothing is to be learnt of it that
 * its public half does not tell.
 *
 * @throws Stop if there is a private key, or no public one
 */
export function publicKeysOf(bytes: Uint8Array, file: string): readonly FoundKey[] {
  try {
    const found = bytes[0] === derSequence ? [ofDer(bytes, file)] : ofPem(bytes, file)
    if (found.length > 0) return found
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${file} is none that can be read: ${error.message}`, hint)
  }
  throw wrongUse(`${file} has no public key in it`, hint)
}

function ofPem(bytes: Uint8Array, file: string): readonly FoundKey[] {
  return parsePem(new TextDecoder().decode(bytes)).flatMap(({ label, bytes: der }: PemBlock) => {
    if (label.endsWith('PRIVATE KEY')) throw isPrivate(file)
    const reader = readers[label]
    return reader === undefined ? [] : [{ file, what: reader[0], spki: reader[1](der) }]
  })
}

function ofDer(der: Uint8Array, file: string): FoundKey {
  let first: FormatError | undefined
  for (const [what, read] of Object.values(readers)) {
    try {
      return { file, what, spki: read(der) }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      first ??= error
    }
  }
  if (isPrivateDer(der)) throw isPrivate(file)
  throw first ?? new FormatError('element-missing', 0)
}

/** PKCS #8, PKCS #1 and SEC 1 begin with a version, and none of the others does. */
function isPrivateDer(der: Uint8Array): boolean {
  const length = der[1] ?? 0
  const content = length < 0x80 ? 2 : 2 + (length & 0x7f)
  return der[content] === 0x02 && der[content + 1] === 0x01 && (der[content + 2] ?? 9) <= 1
}

function isPrivate(file: string) {
  return wrongUse(
    `${file} holds a private key, which stays where it is: nothing was looked at`,
    hint,
  )
}

/** The first byte of any of them in DER (X.690 section 8.9.1). */
const derSequence = 0x30
