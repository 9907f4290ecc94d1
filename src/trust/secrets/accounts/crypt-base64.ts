// SPDX-License-Identifier: Apache-2.0

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The base64 of crypt(3): three octets, the highest first, in four characters, the lowest six bits first. */
export function cryptBase64(
  digest: Uint8Array,
  order: readonly (readonly (number | undefined)[])[],
): string {
  return order
    .map(([high, middle, low]) => {
      const octet = (at: number | undefined) => (at === undefined ? 0 : digest[at]!)
      const bits = (octet(high) << 16) | (octet(middle) << 8) | octet(low)
      return [0, 6, 12, 18].map((shift) => alphabet[(bits >> shift) & 63]).join('')
    })
    .join('')
}
