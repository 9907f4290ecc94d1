// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Checkpoint } from '#format/tlog/checkpoint.ts'
import { tileWidth } from '#format/tlog/tile.ts'
import { emptyTreeHash } from '../merkle.ts'
import { hashesOf, type Tile } from '../tiles.ts'
import type { EventsTree } from './events-tree.ts'
import type { Findings } from './findings.ts'
import { nameOfRun, type Run } from './runs.ts'

/** What a check of tiles and events came to know, besides what it has reported. */
export interface TreeEvidence {
  readonly checkpoint: Checkpoint
  /** The tree of the events as they are. */
  readonly tree: EventsTree
  /** The export's tiles of level 1 and up. */
  readonly upper: readonly Tile[]
  /** Where an event does not give the hash that its level 0 tile has. */
  readonly differing: readonly Run[]
  readonly missing: readonly Run[]
}

/** Runs of differing events longer than this are told as one. */
const longestSpelled = 8

/**
 * Compares the events' tree with the signed one, and says who is to blame for what differs.
 *
 * If the events give the signed hash they are whole, and a tile that differs is the one that was
 * changed. If not, the tiles tell which events.
 */
export function blame(evidence: TreeEvidence, findings: Findings): void {
  if (sameBytes(evidence.tree.root(), evidence.checkpoint.root)) blameTiles(evidence, findings)
  else blameEvents(evidence, findings)
}

/** Both tree hashes, in words. */
export function differing(found: Uint8Array, signed: Uint8Array): string {
  const given = sameBytes(found, emptyTreeHash) ? 'no event gives' : 'they give'
  return `${given} ${found.toHex()}, signed is ${signed.toHex()}`
}

function blameTiles(evidence: TreeEvidence, findings: Findings): void {
  for (const run of evidence.differing) {
    const about = `tile 0/${Math.floor(run.first / tileWidth)}`
    findings.wrong('tile-changed', about, `it has another hash for ${nameOfRun(run)}`)
  }
  for (const { level, index } of differingUpper(evidence)) {
    const about = `tile ${level}/${Math.floor(index / tileWidth)}`
    findings.wrong('tile-changed', about, `it has another hash for tile ${level - 1}/${index}`)
  }
}

function blameEvents(evidence: TreeEvidence, findings: Findings): void {
  for (const run of evidence.differing) blameRun(run, findings)
  const known = [...evidence.differing, ...evidence.missing]
  for (const { level, index } of differingUpper(evidence)) {
    const width = tileWidth ** level
    const run = { first: index * width, last: (index + 1) * width - 1 }
    if (known.some(({ first, last }) => first <= run.last && last >= run.first)) continue
    const tile = `tile ${level}/${Math.floor(index / tileWidth)}`
    const detail = `they do not give hash ${index % tileWidth} of ${tile}`
    findings.wrong('events-changed', nameOfRun(run), detail)
  }
  const { root, size } = evidence.checkpoint
  const about = size === 0 ? 'checkpoint' : nameOfRun({ first: 0, last: size - 1 })
  findings.wrong('root-differs', about, differing(evidence.tree.root(), root))
}

function blameRun(run: Run, findings: Findings): void {
  const detail = 'salt and body do not give the hash that its tile has'
  if (run.last - run.first >= longestSpelled) {
    findings.wrong('events-changed', nameOfRun(run), detail)
    return
  }
  for (let position = run.first; position <= run.last; position++) {
    findings.wrong('event-changed', `event ${position}`, detail)
  }
}

/** The hashes of upper tiles that the events do not give. */
function* differingUpper({ tree, upper }: TreeEvidence) {
  for (const { level, index: tile, hashes } of upper) {
    for (const [at, hash] of hashesOf(hashes).entries()) {
      const index = tile * tileWidth + at
      const given = tree.hashAt(level, index)
      if (given !== undefined && !sameBytes(given, hash)) yield { level, index }
    }
  }
}
