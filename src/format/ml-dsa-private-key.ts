// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { contextPrimitive, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from './format-error.ts'

/** RFC 9881 6: at least one of the two. That they belong together is not checked. Secret. */
export interface MlDsaPrivateKey {
  readonly seed: Uint8Array | undefined
  readonly expandedKey: Uint8Array | undefined
}

const seedBytes = 32
/** FIPS 204 table 2: ML-DSA-44, -65, -87. */
const expandedKeyBytes: readonly number[] = [2560, 4032, 4896]

/**
 * Parses what PKCS #8 holds for an ML-DSA key: a choice of seed, expanded key, or both.
 *
 * @throws FormatError
 */
export function parseMlDsaPrivateKey(privateKey: Uint8Array): MlDsaPrivateKey {
  return readDer(privateKey, limits.privateKey, (reader) => {
    const found = reader.peek()
    const inner = found === tag.sequence ? reader.sequence() : reader
    const start = inner.offset
    const seedTag = found === tag.sequence ? tag.octetString : contextPrimitive(0)
    const seed = found === tag.octetString ? undefined : inner.octets(seedTag)
    const expandedKey = found === contextPrimitive(0) ? undefined : inner.octets()
    if (found === tag.sequence) inner.end()
    const fits =
      (seed?.length ?? seedBytes) === seedBytes &&
      (expandedKey === undefined || expandedKeyBytes.includes(expandedKey.length))
    if (!fits) throw new FormatError('value-not-allowed', start, 'length of no ML-DSA key')
    return { seed, expandedKey }
  })
}

/** The seed alone if there is no expanded key, as RFC 9881 recommends. */
export function encodeMlDsaPrivateKey({ seed, expandedKey }: MlDsaPrivateKey): Uint8Array {
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
