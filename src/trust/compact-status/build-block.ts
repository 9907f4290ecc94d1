// SPDX-License-Identifier: Apache-2.0

import { concatBytes } from '#format/bytes.ts'
import { type Base, encodeBase, type Filter, saltBytes } from '#format/compact-status/block.ts'
import {
  type CertificateState,
  type Changes,
  certificateStates,
  changeSaltBytes,
  changesBytes,
  mostEntries,
  mostWidth,
} from '#format/compact-status/changes.ts'
import { octetsOf } from '#format/compact-status/fields.ts'
import { sha256 } from '../digest.ts'
import { stateInBase } from './block-state.ts'
import { buildFilter } from './filter.ts'
import { type HashUse, type KeyHash, keyHash, octetsOfHash } from './key-hash.ts'

/** All certificates of a block that are not expired, in any order; none stands twice. */
export interface BlockRows {
  readonly count: number
  /** 16 octets each. */
  readonly serials: Uint8Array
  /** Each an index of `certificateStates`. */
  readonly states: Uint8Array
}

export interface BuiltBlock {
  readonly base: Base
  readonly changes: Omit<Changes, 'block'> | undefined
}

export const serialOctets = 16

/**
 * The smallest block that says the truth of each certificate.
 *
 * While few differ from an old base, that stays as it is and only they are told, so that who has the old file
 * needs little. The same rows, seed and old block give the same bytes.
 *
 * @param seed chance of this making: whoever does not know it cannot choose serials that collide
 */
export function buildBlock(rows: BlockRows, seed: Uint8Array, old?: BuiltBlock): BuiltBlock {
  const bad = badOf(rows)
  const kept = old && keepBase(rows, seed, old, bad.length)
  if (kept !== undefined) return kept
  const base = tables(rows, seed, bad)
  const ways = [
    { base, changes: undefined },
    bad.length > mostListed ? undefined : listAll(rows, seed, bad),
    listHeld(rows, seed, base, bad),
  ]
  return ways
    .filter((way) => way !== undefined)
    .reduce((best, way) => (bytesOf(way) < bytesOf(best) ? way : best))
}

/** More than these are never cheaper told one by one than by tables. */
const mostListed = 64

const none: Filter = { form: 'none' }
/** All are fine. */
export const fineBase: Base = { bad: none, held: none, salt: new Uint8Array() }
/** All have expired. */
export const endedBase: Base = { bad: { form: 'ended' }, held: none, salt: new Uint8Array() }

/** An entry takes three times as long as its share of the tables: beyond one in sixteen they are made anew. */
function keepBase(
  rows: BlockRows,
  seed: Uint8Array,
  { base, changes }: BuiltBlock,
  bad: number,
): BuiltBlock | undefined {
  if (base.bad.form === 'ended') return undefined
  const most = base.bad.form === 'none' ? mostListed : Math.max(16, bad >> 4)
  const differ: number[] = []
  for (let index = 0; index < rows.count; index++) {
    if (stateInBase(base, serialAt(rows, index)) === stateAt(rows, index)) continue
    differ.push(index)
    if (differ.length > most) return undefined
  }
  const told = tell(rows, seed, differ, changes)
  return told && { base, changes: told.changes }
}

function listAll(
  rows: BlockRows,
  seed: Uint8Array,
  bad: readonly number[],
): BuiltBlock | undefined {
  const told = tell(rows, seed, bad, undefined)
  return told && { base: fineBase, changes: told.changes }
}

/** The few that are held, or revoked among many held, one by one: a table for them has a least size. */
function listHeld(
  rows: BlockRows,
  seed: Uint8Array,
  { bad, held, salt }: Base,
  badOnes: readonly number[],
): BuiltBlock | undefined {
  if (!('planes' in held)) return undefined
  const few = held.form === 'members' ? 'held' : 'revoked'
  const others: Filter = few === 'held' ? none : { form: 'all' }
  const told = badOnes.filter((index) => stateAt(rows, index) === few)
  const list = told.length > mostListed ? undefined : tell(rows, seed, told, undefined)
  const isSalted = 'planes' in bad
  return (
    list && {
      base: { bad, held: others, salt: isSalted ? salt : new Uint8Array() },
      changes: list.changes,
    }
  )
}

function tables(rows: BlockRows, seed: Uint8Array, bad: readonly number[]): Base {
  const isBad = Uint8Array.from({ length: rows.count }, (_, index) =>
    Math.min(1, rows.states[index]!),
  )
  const isHeld = Uint8Array.from(bad, (index) => (stateAt(rows, index) === 'held' ? 1 : 0))
  const all = Array.from({ length: rows.count }, (_, index) => index)
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const salt = drawn(seed, 'bad', attempt, saltBytes)
    const hashes = (use: HashUse, indexes: readonly number[]) =>
      indexes.map((index) => keyHash(salt, use, serialAt(rows, index)))
    const isTrivial = bad.length === 0 || bad.length === rows.count
    const badFilter = isTrivial ? trivial(bad.length) : buildFilter(hashes('bad', all), isBad)
    const heldFilter = buildFilter(hashes('held', bad), isHeld)
    if (badFilter === undefined || heldFilter === undefined) continue
    const isSalted = 'planes' in badFilter || 'planes' in heldFilter
    return { bad: badFilter, held: heldFilter, salt: isSalted ? salt : new Uint8Array() }
  }
  throw new RangeError(`no salt of ${mostAttempts} tells ${rows.count} serial numbers apart`)
}

/** One salt in a million fails for keys that differ; this many fail only if a key stands twice. */
const mostAttempts = 16

function trivial(bad: number): Filter {
  return bad === 0 ? none : { form: 'all' }
}

interface Told {
  readonly changes: Omit<Changes, 'block'> | undefined
}

/** Entries for these, as narrow as tells them from all others of the block; the salt of before if it still does. */
function tell(
  rows: BlockRows,
  seed: Uint8Array,
  told: readonly number[],
  before: Omit<Changes, 'block'> | undefined,
): Told | undefined {
  if (told.length === 0) return { changes: undefined }
  if (told.length > mostEntries) return undefined
  const again = before && entriesOf(rows, told, before.salt, before.width)
  if (before !== undefined && again !== undefined)
    return { changes: { salt: before.salt, width: before.width, entries: again } }
  for (let width = leastWidthFor(rows.count * told.length); width <= mostWidth; width++) {
    for (let attempt = 0; attempt < 4; attempt++) {
      const salt = drawn(seed, 'change', width * 16 + attempt, changeSaltBytes)
      const entries = entriesOf(rows, told, salt, width)
      if (entries !== undefined) return { changes: { salt, width, entries } }
    }
  }
  return undefined
}

/** Narrower ones would nearly always collide: they are not tried. */
function leastWidthFor(pairs: number): number {
  return Math.min(mostWidth, Math.max(2, Math.ceil((Math.log2(pairs + 1) + 1) / 8)))
}

/** @returns undefined if the hash of another certificate, with another state, is among them */
function entriesOf(
  rows: BlockRows,
  told: readonly number[],
  salt: Uint8Array,
  width: number,
): Uint8Array | undefined {
  const known = new Map<number, number>()
  const hashes = told.map((index) => {
    const hash = keyHash(salt, 'change', serialAt(rows, index))
    known.set(numberOf(hash, width), index)
    const entry = octetsOfHash(hash, width)
    entry[width - 1] = (entry[width - 1]! & 0xfc) | rows.states[index]!
    return { number: numberOf(hash, width), entry }
  })
  if (known.size < told.length) return undefined
  for (let index = 0; index < rows.count; index++) {
    const hash = keyHash(salt, 'change', serialAt(rows, index))
    const other = known.get(numberOf(hash, width))
    if (other !== undefined && other !== index) return undefined
  }
  const sorted = hashes.toSorted((left, right) => left.number - right.number)
  return concatBytes(sorted.map(({ entry }) => entry))
}

/** The first six octets at most, without the two bits of the state. */
function numberOf(hash: KeyHash, width: number): number {
  const octets = Math.min(6, width)
  let number = 0
  for (let index = 0; index < octets; index++) number = number * 256 + hash.charCodeAt(index)
  return octets === width ? number - (number % 4) : number
}

function drawn(seed: Uint8Array, use: string, attempt: number, octets: number): Uint8Array {
  const message = concatBytes([seed, new TextEncoder().encode(use), octetsOf(attempt, 4)])
  return sha256(message).slice(0, octets)
}

function bytesOf({ base, changes }: BuiltBlock): number {
  const list = changes ? changesBytes(changes.entries.length / changes.width, changes.width) : 0
  return encodeBase(base).length + list
}

function badOf({ count, states }: BlockRows): readonly number[] {
  const bad: number[] = []
  for (let index = 0; index < count; index++) if (states[index] !== 0) bad.push(index)
  return bad
}

function serialAt({ serials }: BlockRows, index: number): Uint8Array {
  return serials.subarray(index * serialOctets, (index + 1) * serialOctets)
}

function stateAt({ states }: BlockRows, index: number): CertificateState {
  return certificateStates[states[index]!]!
}
