// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'

/** RFC 5280 4.1.1.2. `parameters` is one whole DER value, or absent. */
export interface AlgorithmIdentifier {
  readonly oid: Oid
  readonly parameters: Uint8Array | undefined
  readonly der: Uint8Array
}

/** Reads an AlgorithmIdentifier; the parameters are checked to be DER, not to fit the algorithm. */
export function readAlgorithmIdentifier(reader: DerReader, expected?: number): AlgorithmIdentifier {
  const start = reader.offset
  const inner = expected === undefined ? reader.sequence() : reader.constructed(expected)
  const oid = inner.oid()
  const parameters = inner.hasMore ? inner.any() : undefined
  inner.end()
  return { oid, parameters, der: reader.since(start) }
}

export function encodeAlgorithmIdentifier(oid: Oid, parameters?: Uint8Array): AlgorithmIdentifier {
  const der = encodeDer((writer) => {
    writer.sequence(() => {
      writer.oid(oid)
      if (parameters !== undefined) writer.raw(parameters)
    })
  })
  return { oid, parameters, der }
}
