// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import {
  type DeltaStep,
  encodeStatusDelta,
  parseStatusDelta,
  type StatusDelta,
} from '#format/compact-status/status-delta.ts'
import type { StatusFile } from '#format/compact-status/status-file.ts'
import { FormatError } from '#format/format-error.ts'
import { sha256 } from '../digest.ts'
import { type Refused, refuse } from '../refusal.ts'
import type { StatusFileRefusal } from './refusal.ts'

/** What leads from one file to another: parts that the old one has are told by their place. */
export function makeDelta(from: StatusFile, to: StatusFile): Uint8Array {
  const steps = stepsOf(runsOf(from, to), to.bytes)
  return encodeStatusDelta({
    ...{ from: sha256(from.bytes), to: sha256(to.bytes) },
    ...{ length: to.bytes.length, steps },
  })
}

/** Between two cuts; the first one is the head, which always differs. */
function* piecesOf({ cuts }: StatusFile): Generator<readonly [start: number, end: number]> {
  const places = [...new Set(cuts)].sort((left, right) => left - right)
  for (const [index, end] of places.entries()) {
    if (index > 0) yield [places[index - 1]!, end]
  }
}

function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

/** Bytes of the new file that the old one has, too, at `from`; undefined: it does not. */
interface Run {
  readonly start: number
  readonly end: number
  readonly from: number | undefined
}

/** Neighbours in both files are one run. */
function runsOf(from: StatusFile, to: StatusFile): readonly Run[] {
  const known = new Map<string, number>()
  for (const [start, end] of piecesOf(from)) {
    const key = textOf(from.bytes.subarray(start, end))
    if (!known.has(key)) known.set(key, start)
  }
  const runs: Run[] = []
  for (const [start, end] of piecesOf(to)) {
    const piece = to.bytes.subarray(start, end)
    const last = runs.at(-1)
    const next = last?.from === undefined ? undefined : last.from + last.end - last.start
    const goesOn =
      next !== undefined && sameBytes(from.bytes.subarray(next, next + piece.length), piece)
    const found = goesOn ? next : known.get(textOf(piece))
    if (last !== undefined && (goesOn || (found === undefined && last.from === undefined)))
      runs[runs.length - 1] = { ...last, end }
    else runs.push({ start, end, from: found })
  }
  return runs
}

/** A shorter copy costs more to tell than to repeat. */
const leastCopy = 16

function stepsOf(runs: readonly Run[], bytes: Uint8Array): readonly DeltaStep[] {
  const steps: DeltaStep[] = []
  for (const { start, end, from } of runs) {
    if (from !== undefined && end - start >= leastCopy) {
      steps.push({ copyFrom: from, copyLength: end - start, fresh: new Uint8Array() })
      continue
    }
    const { copyFrom = 0, copyLength = 0, fresh = new Uint8Array() } = steps.pop() ?? {}
    steps.push({ copyFrom, copyLength, fresh: bytes.subarray(start - fresh.length, end) })
  }
  return steps
}

/**
 * The file that a delta leads to; its digest is the one that was promised. It is not believed yet: open it.
 *
 * @returns `status-delta-wrong` if the delta is malformed, is of another file, or gives another one
 */
export function applyDelta(
  old: Uint8Array,
  deltaBytes: Uint8Array,
): { readonly kind: 'applied'; readonly bytes: Uint8Array } | Refused<StatusFileRefusal> {
  const delta = parseOrRefuse(deltaBytes)
  if ('reason' in delta) return delta
  if (!sameBytes(sha256(old), delta.from))
    return wrong(`it begins at file ${delta.from.toHex()}, held is ${sha256(old).toHex()}`)
  const bytes = new Uint8Array(delta.length)
  let at = 0
  for (const { copyFrom, copyLength, fresh } of delta.steps) {
    if (copyFrom + copyLength > old.length)
      return wrong(`it copies up to byte ${copyFrom + copyLength} of ${old.length}`)
    bytes.set(old.subarray(copyFrom, copyFrom + copyLength), at)
    bytes.set(fresh, at + copyLength)
    at += copyLength + fresh.length
  }
  return sameBytes(sha256(bytes), delta.to)
    ? { kind: 'applied', bytes }
    : wrong('what it gives is not what it promises')
}

function parseOrRefuse(bytes: Uint8Array): StatusDelta | Refused<StatusFileRefusal> {
  try {
    return parseStatusDelta(bytes)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return wrong(`it is no delta: ${cause.message}`)
  }
}

function wrong(detail: string): Refused<StatusFileRefusal> {
  return refuse('status-delta-wrong', detail)
}
