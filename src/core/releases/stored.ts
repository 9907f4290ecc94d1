// SPDX-License-Identifier: Apache-2.0
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Stored } from '../ledger/tables.ts'
import type { KeptOctets, ReleasePorts } from './ports.ts'

/**
 * What is to be written with whatever needs these octets: in the same commit, so that they are never collected
 * between the two. They are in the artefact store already.
 */
export async function wanting(
  { sha256, octets }: KeptOctets,
  by: string,
  { ledger, clock, random }: Omit<ReleasePorts, 'artefacts' | 'environment'>,
): Promise<Put> {
  const known = await storedOf(sha256, ledger)
  const now = clock.now()
  const record: Stored =
    known === undefined
      ? {
          ...{ id: newId('stored', { clock, random }), version: 1, sha256, octets, state: 'kept' },
          ...{ storedBy: by, storedAt: now, wantedAt: now },
        }
      : known.state === 'gone'
        ? {
            ...{ ...known, version: known.version + 1, state: 'kept' },
            ...{ storedBy: by, storedAt: now, wantedAt: now },
          }
        : { ...known, version: known.version + 1, wantedAt: now }
  return { kind: 'stored', record }
}

/** Of how many artefacts the octets are kept, and so in files that no backup has. */
export async function countKept(ledger: Ledger): Promise<number> {
  let count = 0
  let after: string | undefined
  do {
    const page = await ledger.list('stored', {
      ...{ by: 'state', equal: ['kept'], limit: 1_000 },
      ...(after !== undefined && { after }),
    })
    count += page.items.length
    after = page.next ?? undefined
  } while (after !== undefined)
  return count
}

/** What the ledger knows of octets. */
export async function storedOf(sha256: Uint8Array, ledger: Ledger): Promise<Stored | undefined> {
  return ledger.find('stored', 'sha256', [sha256])
}
