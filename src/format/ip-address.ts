// SPDX-License-Identifier: Apache-2.0
import { FormatError } from './format-error.ts'

/**
 * Text of an address of 4 or 16 octets (RFC 5952 for version 6).
 *
 * @throws FormatError `value-not-allowed` at other lengths
 */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  if (octets.length !== 16)
    throw new FormatError('value-not-allowed', 0, `address of ${octets.length} octets`)
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((octets[index * 2]! << 8) | octets[index * 2 + 1]!).toString(16),
  )
  const zeros = longestZeros(groups)
  if (zeros.length < 2) return groups.join(':')
  const head = groups.slice(0, zeros.start).join(':')
  return `${head}::${groups.slice(zeros.start + zeros.length).join(':')}`
}

/** RFC 5952 4.2.3: the longest run, the first of equals. */
function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/**
 * Reads an address of version 4 or 6; zones and embedded version 4 are refused.
 *
 * @returns 4 or 16 octets
 * @throws FormatError `text-malformed`
 */
export function parseIpAddress(text: string): Uint8Array {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const octets = text.split('.').map(Number)
    const plain = octets.join('.') === text
    if (plain && octets.every((octet) => octet < 256)) return Uint8Array.from(octets)
  }
  const groups = groupsOf(text)
  if (groups === undefined) throw new FormatError('text-malformed', 0, `address "${text}"`)
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string): number[] | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail = []] = halves
  const missing = 8 - head.length - tail.length
  const fits = halves.length === 2 ? missing > 0 : halves.length === 1 && missing === 0
  const all = [...head, ...Array<string>(fits ? missing : 0).fill('0'), ...tail]
  if (!fits || !all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return all.map((group) => Number.parseInt(group, 16))
}
