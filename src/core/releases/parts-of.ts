// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { ReleasePart } from '../ledger/tables.ts'

/** More than a release may have: see the bounds of its manifest. */
const mostParts = 1_000

/** All that belongs to a release now, in the order in which it was attached. */
export async function partsOf(release: string, ledger: Ledger): Promise<readonly ReleasePart[]> {
  const parts: ReleasePart[] = []
  let after: string | undefined
  do {
    const page = await ledger.list('releasePart', {
      ...{ by: 'release', equal: [release], limit: mostParts },
      ...(after !== undefined && { after }),
    })
    parts.push(...page.items.filter(({ slot }) => slot !== null))
    after = page.next ?? undefined
  } while (after !== undefined)
  return parts
}

/** Those of the digests (hexadecimal) that are an artefact's. */
export function ofThese(
  digests: readonly (string | undefined)[],
  artefacts: readonly Pick<ReleasePart, 'sha256'>[],
): readonly string[] {
  const here = new Set(artefacts.map(({ sha256 }) => sha256.toHex()))
  return [...new Set(digests.filter((one) => one !== undefined))].filter((one) => here.has(one))
}
