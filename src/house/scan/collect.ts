// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises'
import { conclude } from '#core/scan/conclude.ts'
import type { Finding } from '#core/scan/finding.ts'
import { findListedKeys } from '#core/scan/listed-keys.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import { familiesIn, inventoryFamilies, type RawKey, tryCandidates } from '#core/scan/raw-keys.ts'
import type { FoundClue } from '#core/scan/walk/scope.ts'
import { type KeyLists, noLists } from '#trust/weak-keys/key-lists.ts'
import { type ScanOptions, scanPath } from './scan-path.ts'

const finders = new URL('./secret-finders.ts', import.meta.url).href

/** A hostile image shall not fill the memory with what is found in it. */
const mostFindings = 100_000
const mostClues = 100_000

export interface CollectOptions extends Omit<ScanOptions, 'finders'> {
  readonly now: Temporal.Instant
  /** Whether the inventory is asked afterwards, so that also its families of raw keys are tried. */
  readonly asksInventory?: boolean
  /** Lists of weak keys that are asked about each key. */
  readonly lists?: KeyLists
}

/**
 * Scans with all finders, and concludes from what lies in different files.
 *
 * @throws what scanPath throws
 */
export async function collect(
  paths: readonly string[],
  { now, asksInventory = false, lists = noLists, ...options }: CollectOptions,
) {
  const scan = scanPath(paths, {
    ...options,
    finders: { url: finders, options: { now: `${now}` } },
  })
  const findings: Finding[] = []
  const notScanned: NotScanned[] = []
  const clues: FoundClue[] = []
  let count = 0
  for await (const found of scan) {
    if ('reason' in found) notScanned.push(found)
    else if ('rule' in found) {
      count += 1
      if (count <= mostFindings) findings.push(found)
      else if (count === mostFindings + 1) notScanned.push(tooMany(found))
    } else addClue(found, clues)
  }
  const { files, octetsIn: octets } = await scan.summary
  const rawKeys = await tryAll(clues, asksInventory)
  return {
    findings: [
      ...findings,
      ...conclude(clues, rawKeys),
      ...withoutTold(findListedKeys(clues, lists), findings),
    ],
    ...{ notScanned, files, octets },
    rawKeys: asksInventory ? rawKeys : [],
  }
}

function addClue(clue: FoundClue, clues: FoundClue[]): void {
  if (clues.length < mostClues) clues.push(clue)
  else if (clues.length === mostClues)
    clues.push({ ...clue, kind: 'too-many', octets: new Uint8Array(), facts: {} })
}

/** In steps, since other work waits for this thread. */
async function tryAll(clues: readonly FoundClue[], asksInventory: boolean) {
  const shown = familiesIn(clues)
  const families = asksInventory ? [...new Set([...shown, ...inventoryFamilies])] : shown
  const keys: RawKey[] = []
  let steps = 0
  for (const found of tryCandidates(clues, families)) {
    keys.push(...found)
    steps += 1
    if (steps % 32 === 0) await turn()
  }
  return keys
}

/** What the key alone shows was told already. */
function withoutTold(listed: readonly Finding[], findings: readonly Finding[]) {
  const told = new Set(findings.map(({ rule, key }) => `${rule} ${key}`))
  return listed.filter(({ rule, key }) => !told.has(`${rule} ${key}`))
}

function tooMany({ path }: Finding): NotScanned {
  return {
    ...{ kind: 'not-scanned', reason: 'stopped', path, offset: null },
    because: `more than ${mostFindings} findings: from here on none was noted`,
  }
}
