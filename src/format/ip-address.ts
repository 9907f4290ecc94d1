// SPDX-License-Identifier: Apache-2.0

/**
 * An IP address as its 4 or 16 octets; undefined if the text is none.
 *
 * @see RFC 4291 section 2.2; no zone, no leading zeros in IPv4 (RFC 6943 section 3.1.1)
 */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseVersion6(text) : parseVersion4(text)
}

function parseVersion4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts, Number)
}

function parseVersion6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** The 16-bit groups of one side of "::"; the last may be written as IPv4. */
function groupsOf(half: string, mayEndInVersion4: boolean): number[] | undefined {
  if (half === '') return []
  const parts = half.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const old = mayEndInVersion4 && index === parts.length - 1 ? parseVersion4(part) : undefined
    if (old !== undefined) groups.push((old[0]! << 8) | old[1]!, (old[2]! << 8) | old[3]!)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
