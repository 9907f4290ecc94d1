// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm, Compression, Member, Packed } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { UnopenedForm } from '#format/firmware/unopened.ts'
import { FormatError } from '#format/format-error.ts'
import type { OpenFinder } from '../finding.ts'
import { BudgetSpent, type Budgets, Spending } from './budgets.ts'
import { type Candidate, Carver, mostCandidates } from './carver.ts'
import { tellDamage } from './damage.ts'
import { FewNotScanned } from './few-not-scanned.ts'
import { Gaps } from './gaps.ts'
import { Heads, headOctets } from './heads.ts'
import type { Spool, WalkTools } from './ports.ts'
import { RawPass } from './raw-pass.ts'
import { Scope, type WalkReporter } from './scope.ts'
import { spoolOf } from './spooling.ts'

/** What is the same for all files of a scan, or of one thread of it. */
export interface WalkSetup {
  /** The first that recognises a head has it. */
  readonly forms: readonly ArchiveForm[]
  /** Forms that are known by their marks and not unpacked. */
  readonly unopened: readonly UnopenedForm[]
  readonly finders: readonly OpenFinder[]
  readonly tools: WalkTools
  readonly budgets: Budgets
  /** Whether the scan is to end, and why. */
  readonly pressed: () => 'too-long' | 'stopped' | undefined
}

export interface WalkCounts {
  containers: number
  /** Files of whatever depth that are no container. */
  leaves: number
  octetsIn: number
  octetsOut: number
  /** The deepest that was reached; 0 is the outermost file. */
  depth: number
}

/** How octets come: `ranged` ones can be read again, `forward` ones once. */
type Access = ArchiveForm['access']

/** Of this thread. */
const heads = new Heads()

/** Those that look back as far as their own head says, up to 64 MiB: so much memory each takes while it is open. */
const windowed: ReadonlySet<Compression> = new Set(['xz', 'lzma', 'zstd', 'lz4'])

/** Of such streams in one another; real images have up to two. */
const mostWindows = 3

/** One outermost file and all that is in it. */
export class Walk {
  readonly counts: WalkCounts = { containers: 0, leaves: 0, octetsIn: 0, octetsOut: 0, depth: 0 }
  readonly spending: Spending
  readonly budgets: Budgets
  readonly finders: readonly OpenFinder[]
  /** Octets that lie in spools at this moment. */
  spooled = 0
  readonly #setup: WalkSetup
  readonly #few: FewNotScanned
  readonly #top: Scope
  readonly #source: ByteSource
  /** Streams that are open in one another and keep a window. */
  #windows = 0

  constructor(name: string, source: ByteSource, setup: WalkSetup, to: WalkReporter) {
    this.#setup = setup
    this.budgets = setup.budgets
    this.finders = setup.finders
    this.spending = new Spending(setup.budgets, source.size, setup.pressed)
    this.#few = new FewNotScanned(to)
    this.#top = new Scope(name, this.#few)
    this.#source = this.#watched(source)
  }

  /** Looks into the file. Whatever cannot be looked into is told; what breaks in us is thrown. */
  async run(): Promise<void> {
    this.counts.octetsIn = this.#source.size ?? 0
    try {
      await this.#look(this.#top, this.#source, 'ranged')
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error
      const because = `${error.message}: the rest of ${this.#top.path[0]} was not scanned`
      const scope = error.scope ?? this.#top
      scope.notScanned(error.reason, null, because)
    } finally {
      this.#few.end(this.#top)
    }
  }

  /** A file that is only read for long, and gives nothing, is no loop; and its scan can be stopped. */
  #watched(source: ByteSource): ByteSource {
    const dataFrom = source.dataFrom?.bind(source)
    const watched: ByteSource = {
      size: source.size,
      read: async (at, length) => {
        this.spending.look()
        return await source.read(at, length)
      },
    }
    return dataFrom === undefined ? watched : { ...watched, dataFrom }
  }

  count(depth: number, octets: number): void {
    if (depth > 0) this.counts.octetsOut += octets
    if (depth > this.counts.depth) this.counts.depth = depth
  }

  spool(): Spool {
    return this.#setup.tools.spool()
  }

  async #look(scope: Scope, source: ByteSource, access: Access): Promise<void> {
    try {
      await this.#lookInto(scope, source, access)
    } catch (error) {
      if (error instanceof BudgetSpent) error.scope ??= scope
      throw error
    }
  }

  async #lookInto(scope: Scope, source: ByteSource, access: Access): Promise<void> {
    const memory = heads.take()
    let filled = 0
    try {
      // A source may use its buffer again for the next octets; the head is needed for longer.
      filled = await this.#fillHead(scope, source, memory)
      if (filled > 0) await this.#lookBehind(scope, source, access, memory.subarray(0, filled))
    } finally {
      heads.give(memory, filled)
    }
  }

  async #lookBehind(
    scope: Scope,
    source: ByteSource,
    access: Access,
    head: Uint8Array,
  ): Promise<void> {
    const form = await this.#recognise(scope, source, access, head)
    if (form === undefined) await this.#leaf(scope, source, access, head)
    else if (form.access === 'ranged' && access === 'forward')
      await this.#spoolAndOpen(scope, form, source, head)
    else await this.#open(scope, form, source, access, head)
  }

  async #fillHead(scope: Scope, source: ByteSource, memory: Uint8Array): Promise<number> {
    try {
      const head = await source.read(0, headOctets)
      memory.set(head)
      return head.length
    } catch (error) {
      tellDamage(scope, 0, error)
      return 0
    }
  }

  async #recognise(
    scope: Scope,
    source: ByteSource,
    access: Access,
    head: Uint8Array,
  ): Promise<ArchiveForm | undefined> {
    let form = this.#setup.forms.find((known) => known.recognise(head))
    if (form === undefined && access === 'ranged' && (source.size ?? 0) > headOctets)
      form = await this.#recogniseEnd(source)
    if (form === undefined || scope.depth < this.budgets.depth) return form
    const because = `it is ${form.name} inside of ${scope.depth} containers: searched as it lies, not unpacked`
    scope.notScanned('too-deep', null, because)
    return undefined
  }

  async #recogniseEnd(source: ByteSource): Promise<ArchiveForm | undefined> {
    try {
      for (const form of this.#setup.forms) if (await form.recogniseEnd?.(source)) return form
    } catch (error) {
      // What cannot be read is told when the whole of it is read.
      if (!(error instanceof FormatError)) throw error
    }
    return undefined
  }

  /** A file that is no container: its octets, and what may be embedded anywhere in them. */
  async #leaf(scope: Scope, source: ByteSource, access: Access, head: Uint8Array): Promise<void> {
    this.counts.leaves++
    const unopened = this.#setup.unopened.find((form) => form.recognise(head))
    if (unopened !== undefined) {
      const because = `it is ${unopened.name}, which is not unpacked: searched as it lies`
      scope.notScanned('not-unpacked', null, because)
    }
    const carver = this.carver(scope, access)
    const pass = new RawPass(this, scope, { size: source.size, head }, carver)
    try {
      try {
        await pass.over(source, 0)
      } catch (error) {
        tellDamage(scope, pass.at, error)
      }
      pass.end()
      if (carver !== undefined) await this.carve(scope, carver, source)
    } finally {
      pass.end()
      pass.tell()
      await carver?.close()
    }
  }

  /** Undefined where nothing may lie in anything any more. */
  carver(scope: Scope, access: Access): Carver | undefined {
    if (scope.depth >= this.budgets.depth) return undefined
    if (access === 'ranged') return new Carver(this.#setup.forms, this.#setup.unopened)
    return new Carver(this.#setup.forms, this.#setup.unopened, () => spoolOf(this, scope))
  }

  /** Looks into what was found embedded. */
  async carve(scope: Scope, carver: Carver, source: ByteSource): Promise<void> {
    for (const [name, at] of carver.unopened) {
      const because = `it begins as ${name} does, which is not unpacked: searched as it lies`
      scope.notScanned('not-unpacked', at, because)
    }
    if (carver.candidates.length === 0) return
    const kept = carver.source(source)
    if (kept === undefined) return
    if (carver.overflowed) {
      const because = `more than ${mostCandidates} archives seem to begin in it; those that follow were not opened`
      scope.notScanned('too-many-members', null, because)
    }
    let end = 0
    for (const { form, at } of carver.candidates.toSorted((left, right) => left.at - right.at))
      if (at >= end) end = await this.#openCarved(scope, { form, at }, kept)
  }

  /** @returns where it ends, as far as it was read; where it begins, if it is not what it seemed to be */
  async #openCarved(scope: Scope, { form, at }: Candidate, blob: ByteSource): Promise<number> {
    const size = blob.size === undefined ? undefined : Math.max(0, blob.size - at)
    const source: ByteSource = { size, read: (from, length) => blob.read(at + from, length) }
    const head = (await source.read(0, headOctets)).slice()
    if (!form.recognise(head)) return at
    const inside = scope.within(`${form.name} at ${at}`)
    const gaps = new Gaps(this, inside, source, 'ranged', head, 'embedded')
    const believed = await this.#members(inside, form, source, 'ranged', gaps, 'embedded')
    return believed ? at + gaps.end : at
  }

  async #spoolAndOpen(
    scope: Scope,
    form: ArchiveForm,
    source: ByteSource,
    head: Uint8Array,
  ): Promise<void> {
    const spool = spoolOf(this, scope)
    if (spool === undefined) return await this.#leaf(scope, source, 'forward', head)
    try {
      await this.#fill(scope, spool, source)
      await this.#open(scope, form, spool, 'ranged', head)
    } finally {
      await spool.close()
    }
  }

  async #fill(scope: Scope, spool: Spool, source: ByteSource): Promise<void> {
    try {
      for (let at = 0; ; ) {
        const piece = await source.read(at, headOctets)
        if (piece.length === 0) return
        this.spending.spendOctets(piece.length)
        await spool.append(piece)
        at += piece.length
      }
    } catch (error) {
      tellDamage(scope, spool.size, error)
    }
  }

  async #open(
    scope: Scope,
    form: ArchiveForm,
    source: ByteSource,
    access: Access,
    head: Uint8Array,
  ): Promise<void> {
    const gaps = new Gaps(this, scope, source, access, head, form.leftover ?? 'searched')
    try {
      await this.#members(scope, form, gaps.source, access, gaps, 'whole')
      await gaps.finish()
    } finally {
      await gaps.close()
    }
  }

  /** @returns false: it is not what it seemed to be, and nothing was told of it */
  async #members(
    scope: Scope,
    form: ArchiveForm,
    source: ByteSource,
    access: Access,
    gaps: Gaps,
    how: 'whole' | 'embedded',
  ): Promise<boolean> {
    let believed = how === 'whole'
    if (believed) this.counts.containers++
    try {
      for await (const member of form.members(source, this.#setup.tools)) {
        this.spending.spendMember()
        if (member.kind === 'unread') {
          scope
            .within(member.name)
            .notScanned(member.reason ?? 'not-unpacked', member.offset ?? null, member.because)
          continue
        }
        // What lies behind it is the blob's, which was handed over already.
        if (member.behind && how === 'embedded') {
          gaps.after(member, 0)
          break
        }
        if (!believed && !(await this.#isSound(member))) return false
        if (!believed) this.counts.containers++
        believed = true
        await gaps.before(member)
        gaps.after(member, await this.#member(scope.within(member.name), member, access))
      }
    } catch (error) {
      if (!believed && error instanceof FormatError) return false
      tellDamage(scope, error instanceof FormatError ? error.offset : null, error)
      gaps.mistrust()
    }
    return believed
  }

  /** Whether the first octets of something embedded can be unpacked: chance makes marks, and no checksums. */
  async #isSound(member: Member): Promise<boolean> {
    if (member.content === undefined || !('kind' in member.content)) return true
    const stream = this.#setup.tools.open({ ...member.content, ended: () => undefined })
    try {
      return (await stream.read(0, headOctets)).length > 0
    } catch (error) {
      if (error instanceof FormatError) return false
      throw error
    } finally {
      stream.close()
    }
  }

  /** @returns octets of the container that its content takes, if that is known */
  async #member(scope: Scope, member: Member, access: Access): Promise<number | undefined> {
    if (member.type !== 'file' || member.content === undefined) return 0
    if (!('kind' in member.content)) {
      await this.#look(scope, member.content, access)
      return member.takes ?? member.content.size
    }
    const packed: Packed = member.content
    const keepsWindow = windowed.has(packed.compression)
    if (keepsWindow && this.#windows === mostWindows) {
      const because = `it lies within ${mostWindows} streams already of which each may hold 64 MiB of memory`
      scope.notScanned('too-deep', null, because)
      return undefined
    }
    if (keepsWindow) this.#windows++
    let taken: number | undefined
    const stream = this.#setup.tools.open({
      ...packed,
      ended(octets) {
        taken = octets
        packed.ended?.(octets)
      },
    })
    try {
      await this.#look(scope, stream, 'forward')
    } finally {
      stream.close()
      if (keepsWindow) this.#windows--
    }
    return taken
  }
}
