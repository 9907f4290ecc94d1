// SPDX-License-Identifier: Apache-2.0
import { type Sight, textOf } from './sight.ts'

/** A line of a text, or a string of a program, which ends at a zero octet as a line does at its end. */
export interface Line {
  readonly text: string
  /** Where it begins in the file. */
  readonly offset: number
  /** Whether its beginning is seen: a line that is longer may begin before. */
  readonly isFromStart: boolean
}

/** No line of a configuration is longer; of a longer one only what lies this near is seen. */
const reach = 1_024

export function lineAround({ octets, at, base }: Sight): Line {
  let start = at
  while (start > 0 && at - start < reach && !endsLine(octets[start - 1]!)) start -= 1
  let end = at
  while (end < octets.length && end - at < reach && !endsLine(octets[end]!)) end += 1
  return {
    ...{ text: textOf(octets.subarray(start, end)), offset: base + start },
    isFromStart: start === 0 || endsLine(octets[start - 1]!),
  }
}

/** So many characters before and after a place, across lines. */
export function textAround(
  { octets, at, base }: Sight,
  before: number,
  after: number,
): Omit<Line, 'isFromStart'> & { readonly at: number } {
  const start = Math.max(0, at - before)
  return { text: textOf(octets.subarray(start, at + after)), offset: base + start, at: at - start }
}

function endsLine(octet: number): boolean {
  return octet === 0x0a || octet === 0x0d || octet === 0
}
