// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import type { DerWriter } from '#format/der/writer.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'

/** What a time-stamp is over: a digest, and by which function. RFC 3161 section 2.4.1. */
export interface MessageImprint {
  readonly hashAlgorithm: AlgorithmIdentifier
  readonly hashedMessage: Uint8Array
}

export function readMessageImprint(reader: DerReader): MessageImprint {
  const inner = reader.sequence()
  const hashAlgorithm = readAlgorithmIdentifier(inner)
  const hashedMessage = inner.octets()
  inner.end()
  return { hashAlgorithm, hashedMessage }
}

export function writeMessageImprint(
  writer: DerWriter,
  { hashAlgorithm, hashedMessage }: MessageImprint,
): void {
  writer.sequence(() => {
    writer.raw(hashAlgorithm.der)
    writer.octets(hashedMessage)
  })
}
