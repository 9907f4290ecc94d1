// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { UnopenedForm } from '#format/firmware/unopened.ts'
import { carvedMarks, type Mark, MarkSearch } from './marks.ts'
import type { Spool } from './ports.ts'

/** Where a form seems to begin in a blob. It is believed only when it was read. */
export interface Candidate {
  readonly form: ArchiveForm
  readonly at: number
}

/** Enough for any flash of this world; a file with more of them is made to cost time. */
export const mostCandidates = 1_024

/** Of a form that is recognised by more than its mark this much is wanted before it is a candidate. */
const wantedOctets = 4_096

/** How far a form may have begun before the piece in which its mark is seen: more than any mark stands behind it. */
const beforeOctets = 2_048

/**
 * Looks for the beginnings of forms in octets that pass by: flash dumps, kernels with their file system appended,
 * scripts that carry an archive.
 *
 * Octets that come only once are kept from the first candidate on, since they have to be read again.
 */
export class Carver {
  readonly candidates: Candidate[] = []
  /** Where each form that is not unpacked was met first. */
  readonly unopened = new Map<string, number>()
  /** Whether there were more than are looked into. */
  overflowed = false
  readonly #search: MarkSearch
  readonly #forms: ReadonlyMap<string, ArchiveForm>
  readonly #unopened: Tables['unopenedByName']
  readonly #keep: (() => Spool | undefined) | undefined
  /** What was kept, and where in the blob it begins. */
  #kept: { readonly spool: Spool; readonly from: number } | undefined
  #full = false
  #before = new Uint8Array(0)
  /** The last octets of the piece before, in which a mark may have begun. */
  #carry = new Uint8Array(0)
  /** The last octets of the piece before, where a head may begin whose mark is in this one. */
  #tail = new Uint8Array(0)
  /** Heads that the end of a piece cut, of forms that are not unpacked. */
  #cut: readonly CutHead[] = []
  /** Where the piece before ended. */
  #end = 0

  /** @param keep for octets that come once: a place for them; absent, where they can be read again */
  constructor(
    forms: readonly ArchiveForm[],
    unopened: readonly UnopenedForm[],
    keep?: () => Spool | undefined,
  ) {
    const { byName, unopenedByName, search } = tablesFor(forms, unopened)
    this.#forms = byName
    this.#unopened = unopenedByName
    this.#search = search
    this.#keep = keep
  }

  async take(piece: Uint8Array, at: number, blank: boolean, isLast: boolean): Promise<void> {
    if (at !== this.#end) this.#forgetBefore()
    this.#end = at + piece.length
    const cut = this.#cut
    this.#cut = []
    for (const { name, at: headAt, head } of cut)
      this.#judge(name, headAt, joined(head, piece.subarray(0, beforeOctets)))
    if (!blank) this.#look(piece, at, isLast)
    this.#tail = piece.slice(-beforeOctets)
    if (this.#keep === undefined || this.#full) return
    if (this.#kept !== undefined) await this.#kept.spool.append(piece)
    else if (this.candidates.length > 0) await this.#begin(this.#keep, piece, at)
    else if (!isLast) this.#before = piece.slice(-beforeOctets)
  }

  /** What lies between is of a member: nothing goes on over it. */
  #forgetBefore(): void {
    this.#before = new Uint8Array(0)
    this.#carry = new Uint8Array(0)
    this.#tail = new Uint8Array(0)
    this.#cut = []
  }

  async #begin(keep: () => Spool | undefined, piece: Uint8Array, at: number): Promise<void> {
    const spool = keep()
    if (spool === undefined) {
      this.#full = true
      return
    }
    const first = Math.min(...this.candidates.map((candidate) => candidate.at))
    const from = Math.max(first, at - this.#before.length)
    this.#kept = { spool, from }
    if (from < at) await spool.append(this.#before.subarray(this.#before.length - (at - from)))
    await spool.append(piece.subarray(Math.max(0, from - at)))
  }

  /** The octets in which candidates lie, at their own offsets; undefined where they were not kept. */
  source(source: ByteSource): ByteSource | undefined {
    if (this.#keep === undefined) return source
    if (this.#kept === undefined) return undefined
    const { spool, from } = this.#kept
    return {
      size: from + spool.size,
      read: async (at, length) => (at < from ? new Uint8Array(0) : spool.read(at - from, length)),
    }
  }

  async close(): Promise<void> {
    await this.#kept?.spool.close()
  }

  #look(piece: Uint8Array, at: number, isLast: boolean): void {
    // Marks that lie across two pieces: seven octets hold each of them once.
    if (this.#carry.length > 0 && at > 0) {
      const seam = new Uint8Array(this.#carry.length + Math.min(3, piece.length))
      seam.set(this.#carry)
      seam.set(piece.subarray(0, 3), this.#carry.length)
      const from = at - this.#carry.length
      this.#search.each(seam, from, (mark, offset) =>
        this.#consider(mark, from + offset, piece, at),
      )
    }
    this.#search.each(piece, at, (mark, offset) => this.#consider(mark, at + offset, piece, at))
    if (!isLast) this.#carry = piece.slice(-3)
  }

  /** Notes where a form that is not unpacked begins; what is too short to say is judged again with what follows. */
  #judge(name: string, at: number, head: Uint8Array): void {
    const forms = this.#unopened.get(name)
    if (forms === undefined || this.unopened.has(name)) return
    if (forms.some((form) => form.recognise(head))) this.unopened.set(name, at)
    else if (head.length < beforeOctets && this.#cut.length < mostCandidates)
      this.#cut = [...this.#cut, { name, at, head: head.slice() }]
  }

  #consider(mark: Mark, markAt: number, piece: Uint8Array, pieceAt: number): void {
    const at = markAt - mark.at
    // What begins where the blob begins was asked for by its head already.
    if (at <= 0) return
    const inPiece = at - pieceAt
    const form = this.#forms.get(mark.form)
    if (form === undefined) {
      const before = inPiece < 0 ? this.#tail.subarray(inPiece) : undefined
      const head =
        before === undefined
          ? piece.subarray(inPiece)
          : joined(before, piece.subarray(0, beforeOctets))
      if (before === undefined || before.length === -inPiece) this.#judge(mark.form, at, head)
      return
    }
    const known = inPiece < 0 ? undefined : piece.subarray(inPiece, inPiece + form.headOctets)
    const enough = Math.min(wantedOctets, form.headOctets)
    if (known !== undefined && known.length >= enough && !form.recognise(known)) return
    if (this.candidates.length >= mostCandidates) this.overflowed = true
    else this.candidates.push({ form, at })
  }
}

/** A head that goes on in the next piece. */
interface CutHead {
  readonly name: string
  readonly at: number
  readonly head: Uint8Array
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

interface Tables {
  readonly byName: ReadonlyMap<string, ArchiveForm>
  /** Several marks may bear one name. */
  readonly unopenedByName: ReadonlyMap<string, readonly UnopenedForm[]>
  readonly search: MarkSearch
}

const tables = new WeakMap<readonly ArchiveForm[], Tables>()

/** One set of tables for all files of a scan. */
function tablesFor(forms: readonly ArchiveForm[], unopened: readonly UnopenedForm[]): Tables {
  const known = tables.get(forms)
  if (known !== undefined) return known
  const byName = new Map(forms.map((form) => [form.name, form]))
  const unopenedByName = Map.groupBy(unopened, ({ name }) => name)
  const isKnown = ({ form }: Mark) => byName.has(form) || unopenedByName.has(form)
  const made = { byName, unopenedByName, search: new MarkSearch(carvedMarks.filter(isKnown)) }
  tables.set(forms, made)
  return made
}
