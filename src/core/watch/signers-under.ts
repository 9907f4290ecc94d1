// SPDX-License-Identifier: Apache-2.0
/** Signing keys that devices believe through an authority: with it ends what they let pass. */
import { sha256 } from '#trust/digest.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Authority, Product } from '../ledger/tables.ts'
import { type PublishedRelease, publishedBy } from '../releases/published-by.ts'
import { chainOf } from '../signing/artefact-key.ts'
import { allOf } from './pages.ts'

/** A key with its certificate below what ends, and what devices are given that it signed. */
export interface SignerUnder {
  readonly key: ArtefactKey
  readonly product: Product
  readonly published: readonly PublishedRelease[]
}

/**
 * Those that sign or will sign, and those that signed something that devices are still given: they look for its
 * certificate whatever became of the key. A revoked one is believed no more already.
 */
export async function signersUnder(
  ending: readonly Authority[],
  ledger: Ledger,
): Promise<readonly SignerUnder[]> {
  const ended = new Set(ending.map(({ certificateSha256 }) => certificateSha256.toHex()))
  const found: SignerUnder[] = []
  for await (const key of allOf('artefactKey', ledger)) {
    if (key.state === 'revoked' || !chainOf(key).some(({ der }) => ended.has(sha256(der).toHex())))
      continue
    const product = await ledger.read('product', key.product)
    const published = await publishedBy(key, ledger)
    if (product === undefined || (key.state === 'retired' && published.length === 0)) continue
    found.push({ key, product, published })
  }
  return found
}
