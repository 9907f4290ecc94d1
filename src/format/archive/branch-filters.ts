// SPDX-License-Identifier: Apache-2.0
/**
 * Filters that packers of programs put before LZMA: targets of branches are absolute in what is packed, and relative
 * in what was meant.
 *
 * @see The .xz File Format 1.2.1, 5.3.2 and 5.3.3; the Linux kernel's lib/xz/xz_dec_bcj.c, for the x86 rules
 */

/**
 * Undoes a filter on what it can see whole, in place.
 *
 * @param position of the first octet in all that was unpacked
 * @returns how many octets are done; the rest waits for what follows
 */
export type Filter = (bytes: Uint8Array, position: number) => number

/** By their numbers in xz; each is made anew, for x86 remembers. */
export const branchFilters: Record<number, (() => Filter) | undefined> = {
  4: x86,
  5: () => powerPc,
  7: () => arm,
  8: () => armThumb,
  9: () => sparc,
  10: () => arm64,
}

/** What a filter needs `position` and offsets to be multiples of. */
export const filterAlignment: Record<number, number | undefined> = {
  ...{ 4: 1, 5: 4, 7: 4, 8: 2, 9: 4, 10: 4 },
}

function words(convert: (word: number, position: number) => number, bigEndian: boolean): Filter {
  return (bytes, position) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    for (; at + 4 <= bytes.length; at += 4) {
      const word = view.getUint32(at, !bigEndian)
      const meant = convert(word, position + at)
      if (meant !== word) view.setUint32(at, meant, !bigEndian)
    }
    return at
  }
}

/** BL: 24 bits of words, two ahead. */
const arm = words((word, position) => {
  if (word >>> 24 !== 0xeb) return word
  const target = (((word & 0xff_ffff) << 2) - (position + 8)) >>> 2
  return (0xeb00_0000 | (target & 0xff_ffff)) >>> 0
}, false)

/** BL: 26 bits of words. ADRP: 21 bits of pages, of those near enough. */
const arm64 = words((word, position) => {
  if (word >>> 26 === 0x25) return (0x9400_0000 | ((word - (position >>> 2)) & 0x3ff_ffff)) >>> 0
  if ((word & 0x9f00_0000) >>> 0 !== 0x9000_0000) return word
  const source = ((word >>> 29) & 3) | ((word >>> 3) & 0x1f_fffc)
  if (((source + 0x2_0000) & 0x1c_0000) !== 0) return word
  const target = (source - (position >>> 12)) >>> 0
  return (
    ((word & 0x9000_001f) |
      ((target & 3) << 29) |
      ((target & 0x3_fffc) << 3) |
      ((0 - (target & 0x2_0000)) & 0xe0_0000)) >>>
    0
  )
}, false)

/** BL with LK and without AA. */
const powerPc = words((word, position) => {
  if ((word & 0xfc00_0003) >>> 0 !== 0x4800_0001) return word
  return (0x4800_0001 | (((word & 0x3ff_fffc) - position) & 0x3ff_fffc)) >>> 0
}, true)

/** CALL, whose displacement has its upper bits alike. */
const sparc = words((word, position) => {
  if (word >>> 22 !== 0x100 && word >>> 22 !== 0x1ff) return word
  const target = ((word << 2) - position) >>> 2
  const upper = ((0x4000_0000 - (target & 0x40_0000)) | 0x4000_0000 | (target & 0x3f_ffff)) >>> 0
  return upper
}, true)

/** BL in two halves of 11 bits each. */
function armThumb(bytes: Uint8Array, position: number): number {
  let at = 0
  for (; at + 4 <= bytes.length; at += 2) {
    if ((bytes[at + 1]! & 0xf8) !== 0xf0 || (bytes[at + 3]! & 0xf8) !== 0xf8) continue
    const said =
      ((bytes[at + 1]! & 7) << 19) |
      (bytes[at]! << 11) |
      ((bytes[at + 3]! & 7) << 8) |
      bytes[at + 2]!
    const target = ((said << 1) - (position + at + 4)) >>> 1
    bytes[at + 1] = 0xf0 | ((target >>> 19) & 7)
    bytes[at] = (target >>> 11) & 0xff
    bytes[at + 3] = 0xf8 | ((target >>> 8) & 7)
    bytes[at + 2] = target & 0xff
    at += 2
  }
  return at
}

/** For which of the octets before a branch it is one, by which of the last three were marks themselves. */
const allowed = [true, true, true, false, true, false, false, false]
/** How many bits of the target such a mark concerns. */
const concerned = [0, 1, 2, 2, 3, 3, 3, 3]

/** CALL and JMP: E8 or E9 before 32 bits whose uppermost octet is 00 or FF; which of them count, history tells. */
function x86(): Filter {
  let history = 0
  let [lastMark, first] = [-1, true]
  return (bytes, position) => {
    if (first) lastMark = position - 1
    first = false
    let before = lastMark
    if (bytes.length <= 4) return 0
    const end = bytes.length - 4
    let at = 0
    // `before` counts in all that was unpacked, `at` in these octets.
    for (; at < end; at++) {
      if ((bytes[at]! & 0xfe) !== 0xe8) continue
      const gap = position + at - before
      if (gap > 3) history = 0
      else {
        history = (history << (gap - 1)) & 7
        if (history !== 0) {
          const octet = bytes[at + 4 - concerned[history]!]!
          if (!allowed[history] || octet === 0 || octet === 0xff) {
            before = position + at
            history = (history << 1) | 1
            continue
          }
        }
      }
      before = position + at
      const upper = bytes[at + 4]!
      if (upper !== 0 && upper !== 0xff) {
        history = (history << 1) | 1
        continue
      }
      let source =
        (bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (upper << 24)) >>> 0
      let target: number
      for (;;) {
        target = (source - (position + at + 5)) >>> 0
        if (history === 0) break
        const shift = concerned[history]! * 8
        const octet = (target >>> (24 - shift)) & 0xff
        if (octet !== 0 && octet !== 0xff) break
        source = (target ^ (2 ** (32 - shift) - 1)) >>> 0
      }
      target = (target & 0x1ff_ffff) >>> 0
      target = (target | -(target & 0x100_0000)) >>> 0
      bytes[at + 1] = target & 0xff
      bytes[at + 2] = (target >>> 8) & 0xff
      bytes[at + 3] = (target >>> 16) & 0xff
      bytes[at + 4] = target >>> 24
      at += 4
      history = 0
    }
    lastMark = before
    return at
  }
}
