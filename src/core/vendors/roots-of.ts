// SPDX-License-Identifier: Apache-2.0
import type { Ledger, ListQuery } from '../ledger/ledger.ts'
import type { VendorRoot } from '../ledger/tables.ts'

const pageSize = 500

/** Every authority that a bundle ever brought, of whatever state. */
export async function* rootsOf(bundle: string, ledger: Ledger): AsyncGenerator<VendorRoot> {
  for (const state of ['active', 'dropped', 'withdrawn'] as const)
    yield* pages({ by: 'bundle', equal: [bundle, state] }, ledger)
}

/** Every authority of makers of this kind of chip that counts today. */
export async function* activeRoots(
  kind: VendorRoot['kind'],
  ledger: Ledger,
): AsyncGenerator<VendorRoot> {
  yield* pages({ by: 'kind', equal: [kind, 'active'] }, ledger)
}

/** The records of one certificate, one for each bundle that has it. */
export async function* rootsWith(
  digest: Uint8Array,
  state: VendorRoot['state'],
  ledger: Ledger,
): AsyncGenerator<VendorRoot> {
  yield* pages({ by: 'certificate', equal: [digest, state] }, ledger)
}

/** The digests, in hexadecimal, of all that a person removed. */
export async function withdrawnDigests(ledger: Ledger): Promise<ReadonlySet<string>> {
  const digests = new Set<string>()
  for await (const { certificateSha256 } of pages({ by: 'state', equal: ['withdrawn'] }, ledger))
    digests.add(certificateSha256.toHex())
  return digests
}

async function* pages(
  query: Omit<ListQuery<'vendorRoot'>, 'limit' | 'after'>,
  ledger: Ledger,
): AsyncGenerator<VendorRoot> {
  let after: string | null | undefined
  do {
    const page = await ledger.list('vendorRoot', {
      ...query,
      limit: pageSize,
      ...(after && { after }),
    })
    yield* page.items
    after = page.next
  } while (after !== null)
}
