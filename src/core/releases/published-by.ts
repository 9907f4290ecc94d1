// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Release, SignedArtefactRecord } from '../ledger/tables.ts'
import { signedArtefactsOf } from './publish.ts'

/** A published release, and all that came out when it was signed. */
export interface PublishedRelease {
  readonly release: Release
  readonly signed: readonly SignedArtefactRecord[]
}

/** What devices were given of a product in an environment, the newest first. */
export async function* publishedOf(
  { product, environment }: Pick<Release, 'product' | 'environment'>,
  ledger: Ledger,
): AsyncGenerator<PublishedRelease> {
  let after: string | null | undefined
  do {
    const page = await ledger.list('release', {
      ...{ by: 'product', equal: [product], where: { state: 'published', environment } },
      ...{ descending: true, limit: 500, ...(after && { after }) },
    })
    for (const release of page.items)
      yield { release, signed: await signedArtefactsOf(release.id, ledger) }
    after = page.next
  } while (after !== null)
}

/** Of those, the ones of which a key signed something. */
export async function publishedBy(
  key: { readonly id: string } & Pick<Release, 'product' | 'environment'>,
  ledger: Ledger,
): Promise<readonly PublishedRelease[]> {
  const found: PublishedRelease[] = []
  for await (const one of publishedOf(key, ledger))
    if (one.signed.some(({ keys }) => keys.includes(key.id))) found.push(one)
  return found
}
