// SPDX-License-Identifier: Apache-2.0
/**
 * Text of two octets a character (UTF-16), made narrow for those who look for octets: of each character that Latin-1 has
 * its one octet, of each other one a sign that stands for none.
 *
 * Windows writes its settings, exports and scripts so, and programs have such words between their code.
 */
import type { Clue, Finder, Finding, Reporter, ScannedFile } from './finding.ts'

/** Where in each pair the upper octet stands. */
export type UpperAt = 0 | 1

/** A character that is not of Latin-1. */
const other = 0x3f
/** U+FEFF at the beginning is no character of the text. */
const markOctets = 2

/** Pairs of a head without a mark that are looked at, and how many of them have to be of Latin-1. */
const pairsLookedAt = 512
const fewestPairs = 16
const share = 0.8

/** How the text of a file is written. */
export interface Utf16 {
  readonly upperAt: UpperAt
  /** Where its first character stands. */
  readonly from: number
}

/** Whether a file is text of this kind, by its mark or by its zeros; undefined: it is not. */
export function utf16Of(head: Uint8Array): Utf16 | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return { upperAt: 1, from: markOctets }
  if (head[0] === 0xfe && head[1] === 0xff) return { upperAt: 0, from: markOctets }
  const pairs = Math.min(pairsLookedAt, head.length >> 1)
  if (pairs < fewestPairs) return undefined
  const upperAt = ([1, 0] as const).find((upper) => {
    let plain = 0
    for (let pair = 0; pair < pairs; pair++)
      if (head[2 * pair + upper] === 0 && isPlain(head[2 * pair + 1 - upper]!)) plain++
    return plain >= share * pairs
  })
  return upperAt === undefined ? undefined : { upperAt, from: 0 }
}

/** Signs that texts have. */
function isPlain(octet: number): boolean {
  return (octet >= 0x20 && octet < 0x7f) || octet === 0x0a || octet === 0x0d || octet === 0x09
}

/** A whole file of such text as others look at it; what they find is told where it stands in the file. */
export class Utf16Finder implements Finder {
  readonly #inner: Finder
  readonly #text: Utf16
  /** The first octet of a pair whose second is in the next piece, and where it stands. */
  #half: { readonly octet: number; readonly at: number } | undefined

  /** @param open who looks at the narrow text */
  constructor(
    file: ScannedFile,
    text: Utf16,
    reporter: Reporter,
    open: (file: ScannedFile, reporter: Reporter) => Finder,
  ) {
    this.#text = text
    const { upperAt, from } = text
    const head = narrowed(file.head.subarray(from), upperAt)
    const size = file.size === undefined ? undefined : Math.floor((file.size - from) / 2)
    this.#inner = open({ path: file.path, size, head }, widened(reporter, from))
  }

  take(piece: Uint8Array, at: number): void {
    const half = this.#half
    if (half !== undefined && half.at + 1 === at && piece.length > 0)
      this.#tell(Uint8Array.of(half.octet, piece[0]!), half.at)
    const from = Math.max(at & 1, this.#text.from - at)
    const end = from + 2 * Math.max(0, (piece.length - from) >> 1)
    if (end > from) this.#tell(piece.subarray(from, end), at + from)
    const isHalf = end < piece.length && end >= from
    this.#half = isHalf ? { octet: piece[end]!, at: at + end } : undefined
  }

  end(): void {
    this.#inner.end()
  }

  /** Whole pairs, from an even place of the file on. */
  #tell(octets: Uint8Array, at: number): void {
    const { upperAt, from } = this.#text
    // Half of a file is below 2^52, and above 2^31.
    if (at >= from) this.#inner.take(narrowed(octets, upperAt), (at - from) / 2)
  }
}

function narrowed(octets: Uint8Array, upperAt: UpperAt): Uint8Array {
  const narrow = new Uint8Array(octets.length >> 1)
  for (let index = 0; index < narrow.length; index++)
    narrow[index] = octets[2 * index + upperAt] === 0 ? octets[2 * index + 1 - upperAt]! : other
  return narrow
}

/** Tells of the narrow text what stands in the wide one. */
function widened(reporter: Reporter, from: number): Reporter {
  return {
    finding: (finding: Omit<Finding, 'path'>) => {
      const offset = finding.offset === null ? null : from + 2 * finding.offset
      reporter.finding({ ...finding, offset })
    },
    clue: (clue: Clue) => reporter.clue({ ...clue, offset: from + 2 * clue.offset }),
  }
}
