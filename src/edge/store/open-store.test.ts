// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from './contract/contract.ts'
import { openStore } from './open-store.ts'

storeContract('sqlite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-store-'))
  return {
    open: (ports) => openStore(directory, ports),
    remove: async () => rmSync(directory, { recursive: true }),
  }
})
