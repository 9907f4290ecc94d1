// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'

/** Reads SMIMECapabilities: what a peer can decrypt, dearest first. RFC 8551 section 2.5.2. */
export function readSmimeCapabilities(reader: DerReader): readonly AlgorithmIdentifier[] {
  return reader.sequenceOf((sequence) => readAlgorithmIdentifier(sequence))
}

export function encodeSmimeCapabilities(
  capabilities: readonly Pick<AlgorithmIdentifier, 'der'>[],
): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      for (const { der } of capabilities) writer.raw(der)
    })
  })
}
