// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '#trust/secrets/identity.ts'
import { looks, wholeLooks } from '#trust/secrets/looks.ts'
import { rules } from '#trust/secrets/rules.ts'
import {
  type Found,
  type Look,
  type Sight,
  type Surroundings,
  type Tell,
  type Trace,
  textOf,
  type WholeLook,
} from '#trust/secrets/sight.ts'
import { type Needle, Sweep } from '#trust/secrets/sweep.ts'
import { FileWindow, WindowPool } from './file-window.ts'
import type { Finder, Finders, Reporter, ScannedFile } from './finding.ts'
import { Utf16Finder, utf16Of } from './utf16.ts'
import { type WideWords, wideWords } from './wide-words.ts'

/** A file of keys has some; one with more findings than these was made of them, and is told as one. */
const mostFindings = 500
/** How costly a file may be to look at: so much at once, and so much more for each of its octets. */
const unitsAtOnce = 4_000
const octetsAUnit = 64
/** Clues of one scan and kind: a bundle of all roots has 150 certificates. */
const mostClues = 20_000

/** Hashes and stores that default passwords are tried on in one scan. */
const mostGuesses = 12

/** Where it stands, the whole of the file is looked at. */
interface Cue extends Needle {
  readonly for: WholeLook
}

const cues: readonly Cue[] = wholeLooks.flatMap((look) =>
  (look.cues ?? []).map((needle) => ({ ...needle, for: look })),
)
const sweep = new Sweep<Look | Cue>([...looks, ...cues])

/** What the files of one scan share. */
interface Shared {
  readonly now: Temporal.Instant
  readonly pool: WindowPool
  readonly clues: Map<string, number>
  guesses: number
}

/** Everything that looks for secrets, for one scan or one thread of it. */
export function makeFinders(options: { readonly now: Temporal.Instant }): Finders {
  const shared = { ...options, pool: new WindowPool(), clues: new Map(), guesses: mostGuesses }
  const open = (file: ScannedFile, reporter: Reporter) =>
    new SecretFinder(surroundingsOf(file, options.now), counted(reporter, shared.clues), shared)
  return {
    open: (file, reporter) => {
      const text = utf16Of(file.head)
      if (text === undefined) return open(file, reporter)
      // As it lies, too: its first octets may say what the rest is not.
      const once = onceOnly(reporter)
      return both(open(file, once), new Utf16Finder(file, text, once, open))
    },
  }
}

/** What two who look at one file find at the same place, to the pair of octets, is told once. */
function onceOnly(reporter: Reporter): Reporter {
  const told = new Set<string>()
  const isNew = (name: string, offset: number | null) => {
    const before = told.size
    const pair = offset === null ? '' : Math.floor(offset / 2)
    return told.add(`${name} ${pair}`).size > before
  }
  return {
    finding: (finding) => {
      if (isNew(`${finding.rule} ${finding.identity}`, finding.offset)) reporter.finding(finding)
    },
    clue: (clue) => {
      if (isNew(clue.kind, clue.offset)) reporter.clue(clue)
    },
  }
}

function both(first: Finder, second: Finder): Finder {
  return {
    take(piece, at) {
      first.take(piece, at)
      second.take(piece, at)
    },
    end() {
      first.end()
      second.end()
    },
  }
}

function counted(reporter: Reporter, counts: Map<string, number>): Reporter {
  return {
    finding: (finding) => reporter.finding(finding),
    clue: (clue) => {
      const count = counts.get(clue.kind) ?? 0
      counts.set(clue.kind, count + 1)
      if (count < mostClues) reporter.clue(clue)
      else if (count === mostClues)
        reporter.clue({ ...clue, kind: 'too-many', octets: new Uint8Array(), facts: {} })
    },
  }
}

/** Before its title a page of roff has requests and remarks alone: a script that writes one begins otherwise. */
const manual = /^(?:(?:['.].*)?\r?\n)*\.(?:TH|Dd|SH|Sh) /

function surroundingsOf({ path, head, size }: ScannedFile, now: Temporal.Instant): Surroundings {
  let text: string | undefined
  let readable: boolean | undefined
  let manualPage: boolean | undefined
  return {
    ...{ now, head, name: path.at(-1) ?? '', isWhole: size === head.length },
    get isText() {
      readable ??= isText(head)
      return readable
    },
    get isManual() {
      manualPage ??= manual.test(textOf(head.subarray(0, 8_192)))
      return manualPage
    },
    get text() {
      text ??= textOf(head)
      return text
    },
  }
}

/** Signs that texts hardly have. */
const strangeness = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet < 0x20 && ![0x09, 0x0a, 0x0d, 0x1b].includes(octet) ? 1 : 0,
)

/** No zero octet, and hardly any sign that texts do not have. */
function isText(head: Uint8Array): boolean {
  const seen = head.subarray(0, 4_096)
  if (seen.indexOf(0) !== -1) return false
  let strange = 0
  for (let at = 0; at < seen.length; at++) strange += strangeness[seen[at]!]!
  return strange * 50 <= seen.length
}

class SecretFinder implements Finder, Tell {
  readonly #file: Surroundings
  readonly #reporter: Reporter
  readonly #shared: Shared
  readonly #window: FileWindow
  readonly #told = new Set<string>()
  readonly #cued = new Set<WholeLook>()
  #units = unitsAtOnce
  #cutShort = false
  /** Where the store of keys lies that was found last. */
  #store = { from: 0, until: 0 }

  constructor(file: Surroundings, reporter: Reporter, shared: Shared) {
    this.#file = file
    this.#reporter = reporter
    this.#shared = shared
    this.#window = new FileWindow(shared.pool, (octets, from, to, base) =>
      this.#sweep(octets, from, to, base),
    )
  }

  take(piece: Uint8Array, at: number): void {
    this.#window.take(piece, at)
  }

  end(): void {
    this.#window.end()
    for (const whole of wholeLooks)
      if (whole.cues === undefined || this.#cued.has(whole)) whole.look(this.#file, this)
    if (this.#cutShort) this.#report(this.#shortness())
  }

  #sweep(octets: Uint8Array, from: number, to: number, base: number): void {
    this.#units += Math.floor((to - from) / octetsAUnit)
    sweep.over(octets, from, to, (needle, at) => {
      if ('for' in needle) {
        this.#cued.add(needle.for)
        return
      }
      const sight: Sight = { file: this.#file, octets, at, base }
      needle.look(sight, this)
    })
    for (const words of wideWords(octets, from, to)) this.#sweepWide(words, base)
  }

  /** Words of two octets a character, as if they were of one; what is told stands where it stands in the file. */
  #sweepWide({ at: begin, narrow }: WideWords, base: number): void {
    const offsetOf = (at: number) => base + begin + 2 * at
    const tell: Tell = {
      found: ({ until, ...found }) =>
        this.found({
          ...{ ...found, offset: offsetOf(found.offset) },
          ...(until !== undefined && { until: offsetOf(until) }),
        }),
      trace: (trace) => this.trace({ ...trace, offset: offsetOf(trace.offset) }),
      spend: (units) => this.spend(units),
      guess: () => this.guess(),
    }
    sweep.over(narrow, 0, narrow.length, (needle, at) => {
      if ('for' in needle) return
      const sight: Sight = { file: this.#file, octets: narrow, at, base: 0 }
      needle.look(sight, tell)
    })
  }

  found(found: Found): void {
    // The same key in two forms, one within the other, or twice in a file, is one thing to mend.
    const same = `${found.rule} ${found.identity}`
    if (this.#told.has(same)) return
    if (found.rule === 'private-key-encrypted' && this.#isInStore(found.offset)) return
    if (this.#told.size >= mostFindings) {
      this.#cutShort = true
      return
    }
    this.#told.add(same)
    if (found.until !== undefined) this.#store = { from: found.offset, until: found.until }
    this.#report(found)
  }

  #isInStore(offset: number): boolean {
    return offset >= this.#store.from && offset < this.#store.until
  }

  trace(trace: Trace): void {
    // What is around it is overwritten.
    this.#reporter.clue({ ...trace, octets: Uint8Array.from(trace.octets) })
  }

  spend(units: number): boolean {
    this.#units -= units
    if (this.#units >= 0) return true
    this.#cutShort = true
    return false
  }

  guess(): boolean {
    this.#shared.guesses -= 1
    return this.#shared.guesses >= 0
  }

  #report({
    rule,
    confidence,
    offset,
    what,
    identity,
    key,
  }: Found & { offset: number | null }): void {
    const { severity } = rules[rule]
    this.#reporter.finding({
      ...{ rule, severity, confidence, offset, what, identity },
      ...(key === undefined ? {} : { key }),
    })
  }

  #shortness(): Found {
    const rule = 'look-cut-short'
    return {
      ...{ rule, confidence: 'certain', offset: 0 },
      what: 'more places look like secrets than may be looked at in one file',
      identity: identityOf(rule, this.#file.name),
    }
  }
}
