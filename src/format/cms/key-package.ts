// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'

/** AsymmetricKeyPackage: private keys, each a whole OneAsymmetricKey (PKCS #8). RFC 5958 section 2. */
export function encodeKeyPackage(privateKeys: readonly Uint8Array[]): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      for (const key of privateKeys) writer.raw(key)
    })
  })
}

/** The keys as views, at least one, not parsed further. @throws FormatError */
export function parseKeyPackage(der: Uint8Array): readonly Uint8Array[] {
  return readDer(der, limits.privateKey, (reader) =>
    reader.sequenceOf((sequence) => {
      if (sequence.peek() !== tag.sequence)
        throw new FormatError('tag-not-expected', sequence.offset)
      return sequence.any()
    }),
  )
}
