// SPDX-License-Identifier: Apache-2.0
import type { ScanWork } from '#cli/means-scan.ts'
import { openKeyListDirectory } from '#edge/key-lists/key-list-directory.ts'
import { keyListPlace } from '../key-lists.ts'
import { programVersion } from '../version.ts'
import { collect } from './collect.ts'
import { digestOf } from './digest.ts'

/** What `vitalsign scan` does here, with no server. */
export const scanWork: ScanWork = {
  version: programVersion(),
  scan: async ({ paths, budgets, now, asksInventory, data }, tell) => {
    const options = { budgets, now, asksInventory, onProgress: tell }
    if (data === undefined) return { ...(await collect(paths, options)), listFaults: [] }
    const directory = await openKeyListDirectory(keyListPlace(data))
    try {
      const raw = await collect(paths, { ...options, lists: directory.lists })
      return { ...raw, listFaults: directory.faults }
    } finally {
      directory.close()
    }
  },
  digest: digestOf,
}
