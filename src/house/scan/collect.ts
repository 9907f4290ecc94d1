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
import type { Found } from './thread-protocol.ts'

const finders = new URL('./secret-finders.ts', import.meta.url).href

/** Of each kind. A hostile image shall not fill the memory with what is found in it. */
const mostKept = 100_000

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
  const { findings, notScanned, clues } = await gather(scan)
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

/** What was found by its kind, up to `most` of each; that there was more is told once. */
export async function gather(scan: AsyncIterable<Found>, most = mostKept) {
  const findings: Finding[] = []
  const notScanned: NotScanned[] = []
  const clues: FoundClue[] = []
  /** By kind, where the first lies that was not noted. */
  const more = new Map<string, NotScanned>()
  const keep = <Kind extends Found>(kept: Kind[], found: Kind, what: string) => {
    if (kept.length < most) kept.push(found)
    else if (!more.has(what)) more.set(what, tooMany(found, what))
  }
  for await (const found of scan) {
    if ('reason' in found) keep(notScanned, found, 'parts that were not scanned')
    else if ('rule' in found) keep(findings, found, 'findings')
    else keep(clues, found, 'keys and certificates to be held against each other')
  }
  return { findings, notScanned: [...notScanned, ...more.values()], clues }
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

function tooMany({ path }: Found, what: string): NotScanned {
  const because = `there are too many ${what}: from here on none was noted`
  return { kind: 'not-scanned', reason: 'too-many-findings', path, offset: null, because }
}
