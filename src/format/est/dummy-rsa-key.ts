// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'

/**
 * RSAPublicKey that is nobody's and says how long the real one is to be: its modulus is 2^(bits-1) + 1.
 *
 * @param bits a multiple of 8
 * @see RFC 9908 section 3.4: the only way to ask for a size within a template
 */
export function encodeDummyRsaKey(bits: number): Uint8Array {
  const modulus = new Uint8Array(bits / 8 + 1)
  modulus[1] = 0x80
  modulus[bits / 8] = 1
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integerBytes(modulus)
      writer.integer(65_537)
    })
  })
}

/** How many bits the modulus of an RSAPublicKey has. @throws FormatError */
export function readRsaKeyBits(key: Uint8Array): number {
  return readDer(key, limits.small, (reader) => {
    const inner = reader.sequence()
    const modulus = inner.bigInteger(limits.small.maxBytes)
    inner.skip()
    inner.end()
    return modulus.toString(2).length
  })
}
