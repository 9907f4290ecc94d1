// SPDX-License-Identifier: Apache-2.0

/** Text of two octets a character that lies between other octets, as programs have their words. */
export interface WideWords {
  /** Where its first character stands. */
  readonly at: number
  /** Its characters, an octet each. */
  readonly narrow: Uint8Array
}

/** No token is shorter than this. */
const fewest = 20

/** A text of `fewest` characters cannot lie between two places at which one is looked for. */
const stride = 2 * fewest - 4

/** A longer text is cut, and so much of it stands in both parts: more than any key takes. */
const mostOctets = 131_072
const inBoth = 16_384

/**
 * Each text of plain characters with a zero octet between every two, whichever of the two comes first: in that the orders
 * of UTF-16 differ by what stands before the first alone.
 *
 * Two pairs are looked at in every few dozen octets, so that octets which are no such text cost next to nothing.
 *
 * @param from texts that end before it were told
 * @param to texts that begin from here on are not told
 */
export function* wideWords(octets: Uint8Array, from: number, to: number): Generator<WideWords> {
  const end = Math.min(to, octets.length - 2)
  /** Before it everything was told. */
  let floor = 0
  for (let place = from; place < end; place += stride) {
    const first = isCharacter(octets, place) ? place : place + 1
    if (!isCharacter(octets, first) || !isCharacter(octets, first + 2)) continue
    let begin = first
    while (begin - 2 >= floor && isCharacter(octets, begin - 2)) begin -= 2
    let behind = first
    while (behind < begin + mostOctets && isCharacter(octets, behind)) behind += 2
    const count = (behind - begin) >> 1
    if (count < fewest) continue
    yield { at: begin, narrow: narrowed(octets, begin, count) }
    // In the other order a character has its zero before it: the first and the last may be others.
    const start = octets[begin - 1] === 0 ? begin : begin + 2
    const last = isSign(octets[behind] ?? 0) ? behind + 2 : behind
    if (start !== begin || last !== behind)
      yield { at: start, narrow: narrowed(octets, start, (last - start) >> 1) }
    floor = behind < begin + mostOctets ? behind : behind - inBoth
    place = Math.max(place, behind - stride)
  }
}

/** A sign of texts, and a zero behind it. */
function isCharacter(octets: Uint8Array, at: number): boolean {
  return octets[at + 1] === 0 && isSign(octets[at]!)
}

function isSign(octet: number): boolean {
  return (octet >= 0x20 && octet < 0x7f) || octet === 0x0a || octet === 0x0d || octet === 0x09
}

function narrowed(octets: Uint8Array, begin: number, count: number): Uint8Array {
  const narrow = new Uint8Array(count)
  for (let index = 0; index < count; index++) narrow[index] = octets[begin + 2 * index]!
  return narrow
}
