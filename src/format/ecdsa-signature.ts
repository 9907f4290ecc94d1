// SPDX-License-Identifier: Apache-2.0
/** The two forms of an ECDSA signature: DER, as X.509 and CMS have it, and r and s side by side. */
import { limits } from './der/budget.ts'
import { DerReader } from './der/reader.ts'
import { encodeDer } from './der/writer.ts'
import { FormatError } from './format-error.ts'

/**
 * r and s of so many octets each, from an Ecdsa-Sig-Value.
 *
 * @throws FormatError if it is none, or a number is not positive or does not fit
 * @see RFC 3279 section 2.2.3
 */
export function splitEcdsaSignature(der: Uint8Array, halfOctets: number): Uint8Array {
  const reader = DerReader.over(der, limits.small)
  const inner = reader.sequence()
  const raw = new Uint8Array(2 * halfOctets)
  for (const end of [halfOctets, 2 * halfOctets]) {
    const start = inner.offset
    const content = inner.integerBytes()
    const digits = content[0] === 0 ? content.subarray(1) : content
    if (content[0]! >= 0x80 || digits.length === 0 || digits.length > halfOctets)
      throw new FormatError('value-not-allowed', start, `not of 1 to ${halfOctets} octets`)
    raw.set(digits, end - digits.length)
  }
  inner.end()
  reader.end()
  return raw
}

/** Ecdsa-Sig-Value, DER, of r and s side by side; what is odd or empty gives a signature that holds nowhere. */
export function joinEcdsaSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length >> 1
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(numberOf(raw.subarray(0, half)))
      writer.integer(numberOf(raw.subarray(half)))
    }),
  )
}

function numberOf(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${octets.toHex()}`)
}
