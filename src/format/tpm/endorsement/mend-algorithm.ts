// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms } from '#format/oids.ts'
import {
  encodeAlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import type { Note } from './oddities.ts'

const derNull = Uint8Array.of(0x05, 0x00)

/** RFC 4055 section 5: "the parameters component … MUST be NULL". */
const rsaSignatures: readonly Oid[] = [
  algorithms.sha256WithRsa,
  algorithms.sha384WithRsa,
  algorithms.sha512WithRsa,
]

/** An AlgorithmIdentifier of a signature, with the NULL that RSA wants. */
export function mendSignatureAlgorithm(reader: DerReader, note: Note): Uint8Array {
  const found = readAlgorithmIdentifier(reader)
  if (found.parameters !== undefined || !rsaSignatures.includes(found.oid)) return found.der
  note('signature-parameters-absent')
  return encodeAlgorithmIdentifier(found.oid, derNull).der
}

/** A SubjectPublicKeyInfo whose RSA key is called so, whatever padding its owner means to use. */
export function mendPublicKey(reader: DerReader, note: Note): Uint8Array {
  const spki = reader.sequence()
  const algorithm = mendKeyAlgorithm(spki, note)
  const start = spki.offset
  spki.bitStringOctets()
  const key = spki.since(start)
  spki.end()
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.raw(algorithm)
      writer.raw(key)
    }),
  )
}

function mendKeyAlgorithm(spki: DerReader, note: Note): Uint8Array {
  const found = readAlgorithmIdentifier(spki)
  if (found.oid === algorithms.rsaesOaep) {
    note('key-algorithm-oaep')
    return encodeAlgorithmIdentifier(algorithms.rsaEncryption, derNull).der
  }
  if (found.oid !== algorithms.rsaEncryption || found.parameters !== undefined) return found.der
  note('key-parameters-absent')
  return encodeAlgorithmIdentifier(found.oid, derNull).der
}
