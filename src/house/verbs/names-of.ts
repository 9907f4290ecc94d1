// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'

/**
 * What people call those who acted, by their ids as the log and the records have them. Ids that have no name, as that
 * of a part of the house, are left out. The log itself holds ids alone: a name is the word of the ledger of now.
 */
export async function namesOf(
  ids: Iterable<string>,
  ledger: Ledger,
): Promise<Readonly<Record<string, string>>> {
  const names: Record<string, string> = {}
  for (const id of new Set(ids)) {
    const name = await nameOf(id, ledger)
    if (name !== undefined) names[id] = name
  }
  return names
}

/** Whoever speaks at the socket of the data directory, whom nobody asks who it is. */
const atTheSocket = 'somebody at the server itself'

async function nameOf(id: string, ledger: Ledger): Promise<string | undefined> {
  if (id === 'local') return atTheSocket
  switch (id.slice(0, 4)) {
    case 'psn_':
      return (await ledger.read('person', id))?.name
    case 'mch_':
      return (await ledger.read('machine', id))?.name
    case 'grn_':
      return (await ledger.read('grant', id))?.subject
    case 'app_':
      return (await ledger.read('application', id))?.name
    default:
      return undefined
  }
}
