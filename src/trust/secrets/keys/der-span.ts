// SPDX-License-Identifier: Apache-2.0

/**
 * Where the SEQUENCE lies whose content begins at `content`: by the header that ends just before, if it is minimal and
 * all of it is in sight.
 *
 * @returns start and end in `octets`, or undefined
 */
export function sequenceAround(
  octets: Uint8Array,
  content: number,
): { readonly start: number; readonly end: number } | undefined {
  for (const headerOctets of [4, 3, 2]) {
    const start = content - headerOctets
    if (start < 0 || octets[start] !== 0x30) continue
    const length = lengthAt(octets, start + 1)
    if (length?.octets !== headerOctets - 1) continue
    const end = content + length.value
    if (end <= octets.length) return { start, end }
  }
  return undefined
}

/** A length of X.690 section 10.1 of at most 65,535, and how many octets it takes. */
function lengthAt(octets: Uint8Array, at: number) {
  const first = octets[at]
  if (first === undefined) return undefined
  if (first < 0x80) return { octets: 1, value: first }
  const [second = 0, third = 0] = octets.subarray(at + 1, at + 3)
  if (first === 0x81 && second >= 0x80) return { octets: 2, value: second }
  if (first === 0x82 && second > 0) return { octets: 3, value: second * 256 + third }
  return undefined
}
