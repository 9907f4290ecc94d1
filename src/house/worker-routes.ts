// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { askerBehind } from '#core/verification/asker.ts'
import type { HttpPeer, Route } from '#edge/http/message.ts'
import { type Client, signServerRoutes } from '#edge/signserver/routes.ts'
import { signer } from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from './core.ts'
import { onDemand } from './on-demand.ts'

/** Where clients of SignServer have digests signed. */
export function workerRoutes(core: Core): readonly Route[] {
  const sign = onDemand(async () => (await import('./worker-signing.ts')).workerSigning(core))
  return signServerRoutes({
    client: (peer) => clientOf(peer, core),
    sign: async (worker, asked, client) => (await sign())(worker, asked, client),
    noteRefused: (no, { address: source }, client) =>
      core.refusals.note({
        ...no,
        source,
        subjects: client === undefined ? [] : [client.actor.id],
      }),
  })
}

/** Who signs a release by hand may have digests of it signed, too; who reads or verifies may not. */
const mayAsk: readonly string[] = [signer, 'operator', 'administrator']

async function clientOf({ certificates, proxy }: HttpPeer, core: Core): Promise<Client | Refused> {
  if (proxy !== undefined)
    return refuse('not-permitted', 'who asks must come by a connection of its own')
  const [leaf] = certificates
  const asker = leaf && (await askerBehind(leaf, core))
  if (asker === undefined)
    return refuse(
      'credential-missing',
      'present the client certificate of a machine of role signer',
    )
  if (asker.kind === 'refused') return asker
  if (asker.kind !== 'machine' || !mayAsk.includes(asker.machine.role))
    return refuse('not-permitted', 'this needs a machine of role signer')
  const { id, role, products } = asker.machine
  // A signer without products would be for none.
  const within = role === signer ? (products ?? []) : undefined
  return { kind: 'client', actor: { kind: 'machine', id }, products: within }
}
