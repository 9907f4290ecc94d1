// SPDX-License-Identifier: Apache-2.0

import type { Core } from '../core.ts'
import type { Examined } from '../doctor.ts'

type Found = Omit<Examined, 'check'>

/** So many are looked for at each look; the rest waits for the next release that needs them. */
const mostLooked = 10_000

/** Whether the octets that the ledger knows are here: a backup has their digests only. */
export async function checkArtefacts({ ledger, artefacts }: Core): Promise<Found> {
  let looked = 0
  let missing: { readonly sha256: string; count: number } | undefined
  let after: string | undefined
  do {
    const page = await ledger.list('stored', {
      ...{ by: 'state', equal: ['kept'], descending: true, limit: 1_000 },
      ...(after !== undefined && { after }),
    })
    for (const { sha256, octets } of page.items) {
      looked++
      if ((await artefacts.size(sha256)) === octets) continue
      missing ??= { sha256: sha256.toHex(), count: 0 }
      missing.count++
    }
    after = page.next ?? undefined
  } while (after !== undefined && looked < mostLooked)
  if (missing !== undefined)
    return {
      verdict: 'bad',
      found: `the octets of ${missing.count} of ${looked} artefacts are not here, ${missing.sha256} among them`,
      remedy:
        'bring the directory of artefacts back from beside the backup, or upload them again; where several servers work together, let the setting artefacts name a directory that all of them share',
    }
  return { verdict: 'good', found: `${looked} artefacts are here`, remedy: null }
}
