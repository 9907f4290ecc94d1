// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { ProfileRecord, Upstream } from '#core/ledger/tables.ts'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import { allOf } from '#core/watch/pages.ts'

/**
 * The profiles whose newest version an upstream signs for, by their names: also those of no entrance, as that of
 * servers.
 */
export async function profilesOf(
  { name: upstream }: Upstream,
  { ledger }: { readonly ledger: Ledger },
): Promise<readonly string[]> {
  const newest = new Map<string, ProfileRecord>()
  for await (const one of allOf('profile', ledger))
    if (one.number > (newest.get(one.name)?.number ?? 0)) newest.set(one.name, one)
  const names = [...newest.values()].flatMap(({ name, document }) => {
    const read = parseProfile(document)
    return read.kind === 'profile' && read.profile.hosting?.upstream === upstream ? [name] : []
  })
  return names.sort()
}
