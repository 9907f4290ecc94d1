// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { contextPrimitive, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from './format-error.ts'

/** At least one of the two. That they belong together is not checked. Secret. */
export interface SeededPrivateKey {
  readonly seed: Uint8Array | undefined
  readonly expandedKey: Uint8Array | undefined
}

/** Octets of the two forms, over all sizes of a family. */
export interface SeededSizes {
  readonly family: string
  readonly seed: number
  readonly expandedKey: readonly number[]
}

/**
 * Parses what PKCS #8 holds for a lattice key: a choice of seed, expanded key, or both.
 *
 * @see RFC 9881 section 6, RFC 9935 section 6: the same choice, with other sizes
 * @throws FormatError
 */
export function parseSeededPrivateKey(
  privateKey: Uint8Array,
  sizes: SeededSizes,
): SeededPrivateKey {
  return readDer(privateKey, limits.privateKey, (reader) => {
    const found = reader.peek()
    const inner = found === tag.sequence ? reader.sequence() : reader
    const start = inner.offset
    const seedTag = found === tag.sequence ? tag.octetString : contextPrimitive(0)
    const seed = found === tag.octetString ? undefined : inner.octets(seedTag)
    const expandedKey = found === contextPrimitive(0) ? undefined : inner.octets()
    if (found === tag.sequence) inner.end()
    const fits =
      (seed?.length ?? sizes.seed) === sizes.seed &&
      (expandedKey === undefined || sizes.expandedKey.includes(expandedKey.length))
    if (!fits) throw new FormatError('value-not-allowed', start, `length of no ${sizes.family} key`)
    return { seed, expandedKey }
  })
}

/** The seed alone if there is no expanded key, as both RFCs recommend. */
export function encodeSeededPrivateKey({ seed, expandedKey }: SeededPrivateKey): Uint8Array {
  return encodeDer((writer) => {
    if (seed !== undefined && expandedKey !== undefined)
      writer.sequence(() => {
        writer.octets(seed)
        writer.octets(expandedKey)
      })
    else if (seed !== undefined) writer.octets(seed, contextPrimitive(0))
    else if (expandedKey !== undefined) writer.octets(expandedKey)
    else throw new FormatError('element-missing', 0, 'neither seed nor expanded key')
  })
}
