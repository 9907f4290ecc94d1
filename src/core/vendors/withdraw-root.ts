// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { VendorRoot } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { generationOf, nextGeneration, type VendorPorts } from './ports.ts'
import { rootsWith } from './roots-of.ts'

export type Withdrawn = { readonly kind: 'withdrawn'; readonly root: VendorRoot } | Refused

/**
 * Ends the trust in one of a maker's authorities, for good and in whichever bundles it stands: none brings it back.
 *
 * What was proved before stays proved, for as long as each proof counts.
 */
export async function withdrawRoot(
  root: VendorRoot,
  because: string,
  actor: Actor,
  ports: VendorPorts,
): Promise<Withdrawn> {
  if (root.state === 'withdrawn') return { kind: 'withdrawn', root }
  const generation = await generationOf(ports.ledger)
  const now = ports.clock.now()
  const ended = { state: 'withdrawn', endedAt: now, endedBy: actor.id } as const
  const withdrawn: VendorRoot = { ...root, ...ended, version: root.version + 1 }
  const all = [withdrawn]
  for await (const other of rootsWith(root.certificateSha256, 'active', ports.ledger))
    if (other.id !== root.id) all.push({ ...other, ...ended, version: other.version + 1 })
  const { vendor, subject, certificateSha256 } = root
  const refused = await settle(
    {
      puts: [
        ...all.map((record): Put => ({ kind: 'vendorRoot', record })),
        nextGeneration(generation, ports),
      ],
      events: [
        {
          ...{ type: 'vendor-root-withdrawn', at: now, actor, subjects: all.map(({ id }) => id) },
          facts: { vendor, subject, sha256: certificateSha256.toHex(), because },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'withdrawn', root: withdrawn }
}
