// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import type { DerWriter } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { checkSerialNumber, readSerialNumber } from '#format/x509/certificate.ts'

/** RFC 6960 4.1.1: which certificate is meant. Byte strings are views of what was parsed. */
export interface CertId {
  readonly hashAlgorithm: AlgorithmIdentifier
  /** Of the issuer's Name, DER. */
  readonly issuerNameHash: Uint8Array
  /** Of the content of the BIT STRING in the issuer's SubjectPublicKeyInfo. */
  readonly issuerKeyHash: Uint8Array
  /** Content octets as in Certificate. */
  readonly serialNumber: Uint8Array
}

/** SHA-512 gives 64 octets, and nobody hashes to more. */
const maxHashBytes = 64

/** Reads a CertID; whether the hashes are of their algorithm's length is not asked. */
export function readCertId(reader: DerReader): CertId {
  const inner = reader.sequence()
  const hashAlgorithm = readAlgorithmIdentifier(inner)
  const issuerNameHash = readHash(inner)
  const issuerKeyHash = readHash(inner)
  const serialNumber = readSerialNumber(inner)
  inner.end()
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }
}

function readHash(reader: DerReader): Uint8Array {
  const start = reader.offset
  const hash = reader.octets()
  if (hash.length === 0 || hash.length > maxHashBytes)
    throw new FormatError('value-not-allowed', start, `a hash of ${hash.length} octets`)
  return hash
}

/** @throws FormatError `serial-number-wrong` */
export function writeCertId(writer: DerWriter, id: CertId): void {
  checkSerialNumber(id.serialNumber, 0)
  writer.sequence(() => {
    writer.raw(id.hashAlgorithm.der)
    writer.octets(id.issuerNameHash)
    writer.octets(id.issuerKeyHash)
    writer.integerBytes(id.serialNumber)
  })
}
