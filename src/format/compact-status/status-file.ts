// SPDX-License-Identifier: Apache-2.0
/** The compact status file, byte by byte as `docs/compact-status.md` has it. */
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { type Base, encodeBase, parseBase, saltBytes } from './block.ts'
import { type Changes, checkEntries, encodeChanges, parseChanges } from './changes.ts'
import { Fields, octetsOf } from './fields.ts'
import { statusFileLimits as limits } from './limits.ts'

/** The certificates of one authority whose serial numbers begin in one span of time. */
export interface Block {
  /** Seconds after the authority's `since`; it reaches to the next block, the last one to `coversUntil`. */
  readonly start: number
  readonly base: Base
}

export interface AuthorityStatus {
  /** SHA-256 of its SubjectPublicKeyInfo, DER: the file knows an authority by its key. */
  readonly keySha256: Uint8Array
  /** From when on its serial numbers were made by us, and begin with their time. */
  readonly since: Temporal.Instant
  readonly blocks: readonly Block[]
  readonly changes: readonly Changes[]
  /** Certificates with serial numbers of any other form: entries as those of changes, 8 octets each. */
  readonly roster: Uint8Array
  /** 8 bytes; zeros while the roster is empty. */
  readonly rosterSalt: Uint8Array
}

/** All that is said; what is signed is its encoding. */
export interface StatusContent {
  /** SHA-256 that names the set of roots. */
  readonly anchors: Uint8Array
  /** Counts up with each file of the set. */
  readonly number: number
  readonly madeAt: Temporal.Instant
  /** What was certified at this second or later is not covered. */
  readonly coversUntil: Temporal.Instant
  readonly expiresAt: Temporal.Instant
  readonly authorities: readonly AuthorityStatus[]
}

/** One signature, with what leads from it to a root: the signer's certificate first, DER. */
export interface FileSignature {
  readonly certificates: readonly Uint8Array[]
  readonly signature: Uint8Array
}

export interface StatusFile extends StatusContent {
  /** The whole of it: views, as everything in here. */
  readonly bytes: Uint8Array
  /** The part that is signed. */
  readonly signed: Uint8Array
  readonly signatures: readonly FileSignature[]
  /** Where the parts of it begin and end, for who tells what changed: ascending offsets. */
  readonly cuts: readonly number[]
}

export const statusFileMagic = new TextEncoder().encode('VITSTAT1')
export const rosterWidth = 8

/** @throws FormatError */
export function parseStatusFile(bytes: Uint8Array): StatusFile {
  if (bytes.length > limits.bytes) throw new FormatError('too-large', 0, `${bytes.length} bytes`)
  const fields = new Fields(bytes)
  const cuts: number[] = [0]
  const magic = fields.bytes(8)
  if (magic.some((octet, index) => octet !== statusFileMagic[index]))
    throw new FormatError('version-unknown', 0)
  const at = fields.offset
  const length = fields.integer(4)
  if (length > bytes.length) throw new FormatError('truncated', at)
  const anchors = fields.bytes(32)
  const number = fields.between(4, 1, 0xffff_ffff, 'number')
  const madeAt = instantOf(fields)
  const coversUntil = instantOf(fields)
  const expiresAt = instantOf(fields)
  if (Temporal.Instant.compare(madeAt, expiresAt) >= 0)
    throw new FormatError('value-not-allowed', 60, 'expires before it was made')
  const count = fields.between(2, 0, limits.authorities, 'authorities')
  const authorities: AuthorityStatus[] = []
  let blocksLeft: number = limits.blocks
  for (let index = 0; index < count; index++) {
    cuts.push(fields.offset)
    const authority = parseAuthority(fields, coversUntil, blocksLeft, cuts)
    blocksLeft -= authority.blocks.length
    if (index > 0) checkOrder(authorities[index - 1]!.keySha256, authority.keySha256, fields)
    authorities.push(authority)
  }
  if (fields.offset !== length) throw new FormatError('value-not-allowed', at, 'signed length')
  const signed = bytes.subarray(0, length)
  const signatures = parseSignatures(fields, cuts)
  fields.end()
  cuts.push(fields.offset)
  return {
    ...{ anchors, number, madeAt, coversUntil, expiresAt, authorities },
    ...{ bytes, signed, signatures, cuts },
  }
}

/** Six octets of seconds since 1970. */
function instantOf(fields: Fields): Temporal.Instant {
  const seconds = fields.between(6, 0, mostSeconds, 'seconds')
  return Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
}

/** The last second of year 9999. */
const mostSeconds = 253_402_300_799

function checkOrder(left: Uint8Array, right: Uint8Array, fields: Fields): void {
  const difference = left.findIndex((octet, index) => octet !== right[index])
  if (difference === -1 || left[difference]! > right[difference]!)
    throw new FormatError('set-not-sorted', fields.offset, 'authorities')
}

function parseAuthority(
  fields: Fields,
  coversUntil: Temporal.Instant,
  mostBlocks: number,
  cuts: number[],
): AuthorityStatus {
  const keySha256 = fields.bytes(32)
  const since = instantOf(fields)
  const rosterSalt = fields.bytes(saltBytes)
  const rosterCount = fields.between(4, 0, limits.roster, 'roster')
  const blockCount = fields.between(4, 0, mostBlocks, 'blocks')
  const basesLength = fields.integer(4)
  const changesLength = fields.integer(4)
  if (rosterCount === 0 && rosterSalt.some((octet) => octet !== 0))
    throw new FormatError('value-not-allowed', fields.offset, 'salt of an empty roster')
  const span = Math.max(0, (coversUntil.epochMilliseconds - since.epochMilliseconds) / 1000)
  const spans: { readonly start: number; readonly length: number }[] = []
  for (let index = 0; index < blockCount; index++) {
    cuts.push(fields.offset)
    const least = index === 0 ? 0 : spans[index - 1]!.start + 1
    const start = fields.between(4, least, index === 0 ? 0 : Math.max(0, span - 1), 'start')
    spans.push({ start, length: fields.integer(4) })
  }
  const basesAt = fields.offset
  const blocks = spans.map(({ start, length }) => {
    cuts.push(fields.offset)
    return { start, base: parseBase(fields.bytes(length)) }
  })
  if (fields.offset - basesAt !== basesLength)
    throw new FormatError('value-not-allowed', basesAt, 'length of the bases')
  const rosterAt = fields.offset
  const roster = fields.bytes(rosterCount * rosterWidth)
  checkEntries(roster, rosterWidth, rosterAt)
  cutRoster(roster, rosterAt, cuts)
  const changesAt = fields.offset
  const changes = parseChanges(fields.bytes(changesLength), blockCount, changesAt)
  let at = changesAt
  for (const { entries } of changes) {
    cuts.push(at)
    at += 11 + entries.length
  }
  return { keySha256, since, blocks, changes, roster, rosterSalt }
}

/** Wherever the first octet differs: a new entry moves no other cut. */
function cutRoster(roster: Uint8Array, base: number, cuts: number[]): void {
  for (let at = 0; at < roster.length; at += rosterWidth) {
    if (at === 0 || roster[at] !== roster[at - rosterWidth]) cuts.push(base + at)
  }
}

function parseSignatures(fields: Fields, cuts: number[]): readonly FileSignature[] {
  cuts.push(fields.offset)
  const count = fields.between(1, 1, limits.signatures, 'signatures')
  return Array.from({ length: count }, () => {
    const certificates = Array.from(
      { length: fields.between(1, 1, limits.certificates, 'certificates') },
      () => fields.bytes(fields.integer(2)),
    )
    cuts.push(fields.offset)
    const signature = fields.bytes(fields.between(2, 1, limits.octetsOfSignature, 'signature'))
    cuts.push(fields.offset)
    return { certificates, signature }
  })
}

/** What is to be signed. The authorities ascend by their keys' digests. */
export function encodeStatusContent(content: StatusContent): Uint8Array {
  const { anchors, number, madeAt, coversUntil, expiresAt, authorities } = content
  const rest = concatBytes([
    anchors,
    octetsOf(number, 4),
    ...[madeAt, coversUntil, expiresAt].map(secondsOf),
    octetsOf(authorities.length, 2),
    ...authorities.flatMap(partsOf),
  ])
  const length = statusFileMagic.length + 4 + rest.length
  return concatBytes([statusFileMagic, octetsOf(length, 4), rest])
}

/** The file: what was signed, and the signatures over it. */
export function encodeStatusFile(
  signed: Uint8Array,
  signatures: readonly FileSignature[],
): Uint8Array {
  return concatBytes([
    signed,
    octetsOf(signatures.length, 1),
    ...signatures.flatMap(({ certificates, signature }) => [
      octetsOf(certificates.length, 1),
      ...certificates.flatMap((der) => [octetsOf(der.length, 2), der]),
      octetsOf(signature.length, 2),
      signature,
    ]),
  ])
}

function secondsOf(at: Temporal.Instant): Uint8Array {
  return octetsOf(Math.floor(at.epochMilliseconds / 1000), 6)
}

function partsOf(authority: AuthorityStatus): readonly Uint8Array[] {
  const { keySha256, since, rosterSalt, roster } = authority
  const bases = authority.blocks.map(({ base }) => encodeBase(base))
  const changes = encodeChanges(authority.changes)
  const lengthOfBases = bases.reduce((sum, { length }) => sum + length, 0)
  return [
    ...[keySha256, secondsOf(since), rosterSalt],
    ...[roster.length / rosterWidth, bases.length, lengthOfBases, changes.length].map((value) =>
      octetsOf(value, 4),
    ),
    ...bases.flatMap(({ length }, index) => [
      octetsOf(authority.blocks[index]!.start, 4),
      octetsOf(length, 4),
    ]),
    ...bases,
    ...[roster, changes],
  ]
}
