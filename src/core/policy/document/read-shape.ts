// SPDX-License-Identifier: Apache-2.0
import { oidPattern, type Shape } from './shape.ts'

/** What is wrong with a document, where, and what to do. */
export interface ProfileFault {
  /** Member names and list positions, e.g. `subject.attributes[2].type`; empty for the whole. */
  readonly path: string
  /** What stands there, shortened. */
  readonly value: string
  readonly remedy: string
}

/** More than this many are not told: the document is of another kind altogether. */
export const maxFaults = 100

/**
 * Reads a value of the shape into a fresh copy, and adds every fault it finds to `faults`.
 *
 * Never throws, whatever JSON holds; the result is of the shape's type only if no fault was added.
 */
export function readShape(
  shape: Shape,
  value: unknown,
  path: string,
  faults: ProfileFault[],
): unknown {
  const fault: Fault = (remedy, at = path, ...what) => {
    const shown = show(what.length === 0 ? value : what[0])
    if (faults.length < maxFaults) faults.push({ path: at, value: shown, remedy })
    return undefined
  }
  switch (shape.kind) {
    case 'text':
      return readText(shape, value, fault)
    case 'word':
      if (typeof value === 'string' && isWord(shape, value)) return value
      return fault(wordRemedy(shape, value))
    case 'whole':
      if (
        Number.isInteger(value) &&
        (value as number) >= shape.from &&
        (value as number) <= shape.to
      )
        return value
      return fault(`write a whole number from ${shape.from} to ${shape.to}`)
    case 'yesNo':
      return typeof value === 'boolean' ? value : fault('write true or false')
    case 'list':
      return readList(shape, value, path, faults, fault)
    case 'record':
      return readRecord(shape, value, path, faults, fault)
  }
}

/** Adds a fault; of the value itself at its own path, unless another is given. */
type Fault = (remedy: string, at?: string, ...what: readonly unknown[]) => undefined

function readText(shape: Shape & { kind: 'text' }, value: unknown, fault: Fault): unknown {
  if (typeof value !== 'string' || value.trim() === '') return fault('write some text')
  if (value.length > shape.atMost)
    return fault(`write at most ${shape.atMost} characters, this has ${value.length}`)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused here
  if (!value.isWellFormed() || /[\u0000-\u001f\u007f]/.test(value))
    return fault('leave out control characters and half characters')
  if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(value))
    return fault(`write ${shape.form}`)
  return value
}

function isWord(shape: Shape & { kind: 'word' }, value: string): boolean {
  return shape.words.includes(value) || (shape.orOid === true && new RegExp(oidPattern).test(value))
}

function wordRemedy(shape: Shape & { kind: 'word' }, value: unknown): string {
  const near = typeof value === 'string' ? nearest(value, shape.words) : undefined
  if (near !== undefined) return `did you mean "${near}"?`
  const or = shape.orOid === true ? ', or a dotted object identifier' : ''
  return `write one of ${shape.words.join(', ')}${or}`
}

function readList(
  shape: Shape & { kind: 'list' },
  value: unknown,
  path: string,
  faults: ProfileFault[],
  fault: Fault,
): unknown {
  if (!Array.isArray(value)) return fault('write a list in square brackets')
  if (value.length < shape.from || value.length > shape.to)
    return fault(`write ${shape.from} to ${shape.to} items, this has ${value.length}`)
  const seen = new Set<unknown>()
  return Array.from({ length: value.length }, (_, index) => {
    const item: unknown = value[index]
    const at = `${path}[${index}]`
    if (typeof item === 'string' && seen.has(item)) fault('leave out the repetition', at, item)
    seen.add(item)
    return readShape(shape.of, item, at, faults)
  })
}

function readRecord(
  shape: Shape & { kind: 'record' },
  value: unknown,
  path: string,
  faults: ProfileFault[],
  fault: Fault,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault('write an object in braces')
  const names = Object.keys(shape.members)
  const at = (name: string) => (path === '' ? name : `${path}.${name}`)
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue
    const near = nearest(name, names)
    const remedy =
      near === undefined ? `leave it out; known are ${names.join(', ')}` : `did you mean "${near}"?`
    fault(remedy, at(clip(name)), Reflect.get(value, name))
  }
  const copy: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(shape.members)) {
    if (Object.hasOwn(value, name))
      copy[name] = readShape(member, Reflect.get(value, name), at(name), faults)
    else if (member.optional !== true && !shape.oneOf?.includes(name))
      fault(`add it: ${member.about}`, at(name), undefined)
  }
  checkOneOf(shape, value, fault)
  return copy
}

function checkOneOf(shape: Shape & { kind: 'record' }, value: object, fault: Fault) {
  if (shape.oneOf === undefined) return
  const present = shape.oneOf.filter((name) => Object.hasOwn(value, name))
  if (present.length !== 1)
    fault(`write exactly one of ${shape.oneOf.join(', ')}; there are ${present.length}`)
}

/** The known word that a typing slip away stands, or that differs only in case, if any. */
function nearest(typed: string, known: readonly string[]): string | undefined {
  if (typed.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(typed.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Levenshtein's distance, row by row. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const swap = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[right.length]!
}

/** A value in a few characters, never throwing. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(clip(value))
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return clip(String(value))
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
