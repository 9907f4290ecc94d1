// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'

/** RFC 5280 4.1.2.7. `key` is the content of the BIT STRING; whether it is a key of its algorithm is not checked. */
export interface SubjectPublicKeyInfo {
  readonly der: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly key: Uint8Array
}

export function parseSubjectPublicKeyInfo(der: Uint8Array): SubjectPublicKeyInfo {
  return readDer(der, limits.small, readSubjectPublicKeyInfo)
}

export function readSubjectPublicKeyInfo(reader: DerReader): SubjectPublicKeyInfo {
  const start = reader.offset
  const inner = reader.sequence()
  const algorithm = readAlgorithmIdentifier(inner)
  const key = inner.bitStringOctets()
  inner.end()
  return { der: reader.since(start), algorithm, key }
}

export function encodeSubjectPublicKeyInfo(
  algorithm: AlgorithmIdentifier,
  key: Uint8Array,
): SubjectPublicKeyInfo {
  const der = encodeDer((writer) => {
    writer.sequence(() => {
      writer.raw(algorithm.der)
      writer.bitStringOctets(key)
    })
  })
  return { der, algorithm, key }
}
