// SPDX-License-Identifier: Apache-2.0

const table = Uint32Array.from({ length: 256 }, (_, octet) => {
  let value = octet
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of ISO-HDLC, as zip and PNG have it, of ASCII. */
export function crc32(text: string): number {
  let value = 0xffff_ffff
  for (let at = 0; at < text.length; at++)
    value = (value >>> 8) ^ table[(value ^ text.charCodeAt(at)) & 0xff]!
  return (value ^ 0xffff_ffff) >>> 0
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A number in base 62, digits before capitals before small letters, filled up with zeros. */
export function base62(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 62))
    text = digits[rest % 62] + text
  return text
}
