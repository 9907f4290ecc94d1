// SPDX-License-Identifier: Apache-2.0
/**
 * Extended regular expressions as POSIX has them, without going back: each character is looked at once for all ways at
 * a time, so that a pattern of somebody else's costs what its length says.
 *
 * @see IEEE Std 1003.1, chapter 9.4
 */

/** What a pattern may become: repetitions are written out. */
const mostStates = 10_000
/** RE_DUP_MAX of glibc is more; a person writes less. */
const mostTimes = 255
const deepest = 32

type State =
  | { readonly kind: 'character'; readonly fits: (character: string) => boolean; next: number }
  | { readonly kind: 'either'; one: number; other: number }
  | { readonly kind: 'begin' | 'end'; next: number }
  | { readonly kind: 'found' }

type Node =
  | { readonly kind: 'character'; readonly fits: (character: string) => boolean }
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'row'; readonly nodes: readonly Node[] }
  | { readonly kind: 'branches'; readonly nodes: readonly Node[] }
  | { readonly kind: 'times'; readonly node: Node; readonly least: number; readonly most: number }

class Unreadable extends Error {}

/**
 * Whether a pattern is found anywhere in a text, as `regexec` finds it.
 *
 * @returns undefined: the pattern is none, or has what POSIX leaves open (`\w`, `[[.a.]]`, a repetition of nothing)
 */
export function foundByPosixPattern(pattern: string, text: string): boolean | undefined {
  try {
    const states: State[] = [{ kind: 'found' }]
    const start = built(new PatternReader(pattern).whole(), 0, states)
    return runs(states, start, text)
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

function runs(states: readonly State[], start: number, text: string): boolean {
  let ways = new Set<number>()
  for (let at = 0; at <= text.length; at++) {
    const place = { isBegin: at === 0, isEnd: at === text.length }
    // It may begin at any place.
    ways = reached(states, [...ways, start], place)
    if (ways.has(0)) return true
    const character = text[at]
    if (character === undefined) return false
    const next = new Set<number>()
    for (const way of ways) {
      const state = states[way]
      if (state?.kind === 'character' && state.fits(character)) next.add(state.next)
    }
    ways = next
  }
  return false
}

/** All states that are reached without a character. */
function reached(
  states: readonly State[],
  from: readonly number[],
  { isBegin, isEnd }: { readonly isBegin: boolean; readonly isEnd: boolean },
): Set<number> {
  const there = new Set<number>()
  const waiting = [...from]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (there.has(at)) continue
    there.add(at)
    const state = states[at]
    if (state?.kind === 'either') waiting.push(state.one, state.other)
    if ((state?.kind === 'begin' && isBegin) || (state?.kind === 'end' && isEnd))
      waiting.push(state.next)
  }
  return there
}

/** The state at which a node begins that goes on at `next`. */
function built(node: Node, next: number, states: State[]): number {
  switch (node.kind) {
    case 'row':
      return node.nodes.reduceRight((after, one) => built(one, after, states), next)
    case 'branches':
      return node.nodes
        .map((one) => built(one, next, states))
        .reduceRight((other, one) => add({ kind: 'either', one, other }, states))
    case 'times':
      return repeated(node, next, states)
    default:
      return add({ ...node, next }, states)
  }
}

function repeated(
  { node, least, most }: Extract<Node, { readonly kind: 'times' }>,
  next: number,
  states: State[],
): number {
  let after = next
  if (most === Number.POSITIVE_INFINITY) {
    const again = { kind: 'either' as const, one: next, other: next }
    after = add(again, states)
    again.one = built(node, after, states)
  } else
    for (let left = most - least; left > 0; left--)
      after = add({ kind: 'either', one: built(node, after, states), other: next }, states)
  for (let left = least; left > 0; left--) after = built(node, after, states)
  return after
}

function add(state: State, states: State[]): number {
  if (states.length >= mostStates) throw new Unreadable()
  return states.push(state) - 1
}

class PatternReader {
  readonly #pattern: string
  #at = 0
  #depth = 0

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  whole(): Node {
    const node = this.#branches()
    if (this.#at < this.#pattern.length) throw new Unreadable()
    return node
  }

  #branches(): Node {
    const nodes = [this.#row()]
    while (this.#takes('|')) nodes.push(this.#row())
    return { kind: 'branches', nodes }
  }

  #row(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#next())) {
      const node = this.#atom()
      nodes.push(this.#times(node))
    }
    return { kind: 'row', nodes }
  }

  #atom(): Node {
    const character = this.#take()
    if (character === '(') return this.#group()
    if (character === '[') return { kind: 'character', fits: this.#bracket() }
    if (character === '.') return { kind: 'character', fits: () => true }
    if (character === '^') return { kind: 'begin' }
    if (character === '$') return { kind: 'end' }
    if ('*+?{'.includes(character)) throw new Unreadable()
    if (character !== '\\') return { kind: 'character', fits: (other) => other === character }
    const meant = this.#take()
    // Letters and digits behind a backslash are each library's own.
    if (/[A-Za-z0-9]/.test(meant)) throw new Unreadable()
    return { kind: 'character', fits: (other) => other === meant }
  }

  #group(): Node {
    if (++this.#depth > deepest) throw new Unreadable()
    const node = this.#branches()
    if (!this.#takes(')')) throw new Unreadable()
    this.#depth--
    return node
  }

  #times(node: Node): Node {
    const isPlace = node.kind === 'begin' || node.kind === 'end'
    const [least, most] = this.#takes('*')
      ? [0, Number.POSITIVE_INFINITY]
      : this.#takes('+')
        ? [1, Number.POSITIVE_INFINITY]
        : this.#takes('?')
          ? [0, 1]
          : this.#takes('{')
            ? this.#bounds()
            : [undefined, 0]
    if (least === undefined) return node
    if (isPlace) throw new Unreadable()
    return this.#times({ kind: 'times', node, least, most })
  }

  #bounds(): readonly [number, number] {
    const form = /(\d{1,3})(?:(,)(\d{1,3})?)?\}/y
    form.lastIndex = this.#at
    const found = form.exec(this.#pattern)
    if (found === null) throw new Unreadable()
    this.#at = form.lastIndex
    const least = Number(found[1])
    const most =
      found[3] !== undefined ? Number(found[3]) : found[2] ? Number.POSITIVE_INFINITY : least
    if (
      least > mostTimes ||
      (most !== Number.POSITIVE_INFINITY && most > mostTimes) ||
      most < least
    )
      throw new Unreadable()
    return [least, most]
  }

  /** `[a-z]`, `[^]-]`, `[[:digit:]]`. */
  #bracket(): (character: string) => boolean {
    const isNot = this.#takes('^')
    const fits: ((character: string) => boolean)[] = []
    for (let first = true; first || this.#next() !== ']'; first = false) {
      const from = this.#take()
      if (from === '[' && /[.=:]/.test(this.#next())) {
        fits.push(this.#class())
        continue
      }
      const isRange = this.#next() === '-' && this.#pattern[this.#at + 1] !== ']'
      if (!isRange) {
        fits.push((one) => one === from)
        continue
      }
      this.#at++
      const to = this.#take()
      if (to < from || to === '[') throw new Unreadable()
      fits.push((one) => one >= from && one <= to)
    }
    this.#at++
    return (character) => fits.some((one) => one(character)) !== isNot
  }

  #class(): (character: string) => boolean {
    const form = /:([a-z]{5,6}):\]/y
    form.lastIndex = this.#at
    const name = form.exec(this.#pattern)?.[1] ?? ''
    const known = classes.get(name)
    if (known === undefined) throw new Unreadable()
    this.#at = form.lastIndex
    return (character) => known.test(character)
  }

  #next(): string {
    const character = this.#pattern[this.#at]
    if (character === undefined) throw new Unreadable()
    return character
  }

  #take(): string {
    const character = this.#next()
    this.#at++
    return character
  }

  #takes(wanted: string): boolean {
    if (this.#pattern[this.#at] !== wanted) return false
    this.#at++
    return true
  }
}

/** Of the POSIX locale. */
const classes: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[A-Za-z0-9]/],
  ['alpha', /[A-Za-z]/],
  ['digit', /[0-9]/],
  ['lower', /[a-z]/],
  ['upper', /[A-Z]/],
  ['xdigit', /[0-9A-Fa-f]/],
  ['punct', /[!-/:-@[-`{-~]/],
  ['space', /[ \t\n\v\f\r]/],
  ['blank', /[ \t]/],
])
