// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { Clue, Finder, Finding, ScannedFile } from '../finding.ts'
import type { Carver } from './carver.ts'
import type { Scope } from './scope.ts'
import type { Walk } from './walk.ts'

/** Small enough for the caches of a core, large enough that a read costs little beside what is done with it. */
export const pieceOctets = 262_144

/** More found in one file than this is told before its insides are looked into: memory has an end. */
const mostHeld = 4_096

type Found = { readonly finding: Omit<Finding, 'path'> } | { readonly clue: Clue }

/**
 * Octets as they lie, handed to the finders: a file that is no container, or what a container has between its
 * members.
 *
 * What the finders find is held back until what lies within was looked into: a key in an archive that is stored as
 * it is would be found twice, and its inner path says more.
 */
export class RawPass {
  /** Where the next octet is that was not handed over. */
  at = 0
  readonly #walk: Walk
  readonly #scope: Scope
  readonly #file: ScannedFile
  readonly #carver: Carver | undefined
  #finders: Finder[] | undefined
  #held: Found[] = []

  constructor(
    walk: Walk,
    scope: Scope,
    file: { readonly size: number | undefined; readonly head: Uint8Array },
    carver?: Carver,
  ) {
    this.#walk = walk
    this.#scope = scope
    this.#file = { ...file, path: scope.path }
    this.#carver = carver
  }

  /**
   * Hands over what lies from `from` to `to`, or to the end.
   *
   * @throws FormatError where the source cannot be read further
   */
  async over(source: ByteSource, from: number, to = Number.POSITIVE_INFINITY): Promise<void> {
    const whole = source.size ?? Number.POSITIVE_INFINITY
    const end = Math.min(to, whole)
    const most = this.#walk.budgets.memberOctets
    for (this.at = from; this.at < end; ) {
      if (source.dataFrom !== undefined) this.at = source.dataFrom(this.at)
      if (this.at >= end) break
      if (this.at - from >= most) {
        const because = `it has more than ${most} octets: the rest of it was not scanned`
        this.#scope.notScanned('member-too-large', this.at, because)
        break
      }
      const piece = await source.read(this.at, Math.min(pieceOctets, end - this.at))
      if (piece.length === 0) break
      await this.take(piece, this.at, this.at + piece.length >= whole)
      this.at += piece.length
    }
  }

  /** @param isLast whether the source ends with it: behind a part that ends earlier, more may follow */
  async take(piece: Uint8Array, at: number, isLast: boolean): Promise<void> {
    if (this.#scope.depth > 0) this.#walk.spending.spendOctets(piece.length)
    else this.#walk.spending.look()
    this.#walk.count(this.#scope.depth, piece.length)
    const blank = isBlank(piece)
    if (!blank) {
      this.#finders ??= this.#open()
      for (const finder of this.#finders) finder.take(piece, at)
    }
    await this.#carver?.take(piece, at, blank, isLast)
  }

  /** Ends the finders, once; what they found is told when `tell` is called. */
  end(): void {
    for (const finder of this.#finders ?? []) finder.end()
    this.#finders = []
  }

  tell(): void {
    for (const found of this.#held) {
      if ('finding' in found) {
        if (!this.#scope.knows(found.finding)) this.#scope.finding(found.finding)
      } else if (!this.#scope.knows(found.clue)) this.#scope.clue(found.clue)
    }
    this.#held = []
  }

  #open(): Finder[] {
    const reporter = {
      finding: (finding: Omit<Finding, 'path'>) => this.#hold({ finding }),
      clue: (clue: Clue) => this.#hold({ clue }),
    }
    const opened: Finder[] = []
    for (const open of this.#walk.finders) {
      const finder = open(this.#file, reporter)
      if (finder !== undefined) opened.push(finder)
    }
    return opened
  }

  #hold(found: Found): void {
    this.#held.push(found)
    if (this.#held.length > mostHeld) this.tell()
  }
}

/** Whether all octets are 00, or all ff: never written, and erased flash. Much of a disk image is. */
function isBlank(piece: Uint8Array): boolean {
  const first = piece[0]!
  if (first !== 0 && first !== 0xff) return false
  if (piece.byteOffset % 4 !== 0) return piece.every((octet) => octet === first)
  const words = new Int32Array(piece.buffer, piece.byteOffset, piece.length >> 2)
  const word = first === 0 ? 0 : -1
  for (let index = 0; index < words.length; index++) if (words[index] !== word) return false
  for (let at = words.length * 4; at < piece.length; at++) if (piece[at] !== first) return false
  return true
}
