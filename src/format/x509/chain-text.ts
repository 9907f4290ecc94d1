// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from '#format/base64.ts'
import { limits } from '#format/der/budget.ts'
import { DerReader } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'

/** As many as TLS stacks take (OpenSSL's default depth, with the leaf); a device's own has three. */
export const longestChain = 10

/**
 * The certificates of a chain in their order, DER, none of them parsed: PEM, or base64 of one in DER or of several
 * one after the other.
 *
 * @throws FormatError of what is neither, of any other block than CERTIFICATE (a private key has no business here),
 * of more than `longestChain`
 */
export function parseChainText(text: string): readonly Uint8Array[] {
  const chain = text.includes('-----BEGIN ') ? blocksOf(text) : valuesOf(decodeBase64(text))
  if (chain.length === 0) throw new FormatError('element-missing', 0, 'no certificate')
  return chain
}

function blocksOf(text: string): readonly Uint8Array[] {
  const blocks = parsePem(text)
  const other = blocks.find(({ label }) => label !== 'CERTIFICATE')
  if (other !== undefined) throw new FormatError('value-not-allowed', 0, `a block ${other.label}`)
  demandFew(blocks.length)
  return blocks.map(({ bytes }) => bytes)
}

function valuesOf(der: Uint8Array): readonly Uint8Array[] {
  const reader = DerReader.over(der, limits.signedData)
  const values: Uint8Array[] = []
  while (reader.hasMore) {
    values.push(reader.any())
    demandFew(values.length)
  }
  return values
}

function demandFew(count: number): void {
  if (count > longestChain)
    throw new FormatError('too-many', 0, `more than ${longestChain} certificates`)
}
