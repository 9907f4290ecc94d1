// SPDX-License-Identifier: Apache-2.0

/** @param bytes big-endian; none: zero */
export function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`)
}

/** Big-endian, without leading zeros. */
export function bytesOf(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)
}
