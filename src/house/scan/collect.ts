// SPDX-License-Identifier: Apache-2.0
import { conclude } from '#core/scan/conclude.ts'
import type { Finding } from '#core/scan/finding.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import type { FoundClue } from '#core/scan/walk/scope.ts'
import { type ScanOptions, scanPath } from './scan-path.ts'

const finders = new URL('./secret-finders.ts', import.meta.url).href

/** A hostile image shall not fill the memory with what is found in it. */
const mostFindings = 100_000
const mostClues = 100_000

/**
 * Scans with all finders, and concludes from what lies in different files.
 *
 * @throws what scanPath throws
 */
export async function collect(
  paths: readonly string[],
  { now, ...options }: Omit<ScanOptions, 'finders'> & { readonly now: Temporal.Instant },
) {
  const scan = scanPath(paths, {
    ...options,
    finders: { url: finders, options: { now: `${now}` } },
  })
  const findings: Finding[] = []
  const notScanned: NotScanned[] = []
  const clues: FoundClue[] = []
  for await (const found of scan) {
    if ('reason' in found) notScanned.push(found)
    else if ('rule' in found) {
      if (findings.length < mostFindings) findings.push(found)
      else if (findings.length === mostFindings) notScanned.push(tooMany(found))
    } else if (clues.length < mostClues) clues.push(found)
    if (findings.length > mostFindings + 1) break
  }
  const { files, octetsIn: octets } = await scan.summary
  return { findings: [...findings, ...conclude(clues)], notScanned, files, octets }
}

function tooMany({ path }: Finding): NotScanned {
  return {
    ...{ kind: 'not-scanned', reason: 'stopped', path, offset: null },
    because: `more than ${mostFindings} findings: from here on none was noted`,
  }
}
