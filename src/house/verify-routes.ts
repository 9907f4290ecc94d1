// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { type Asker, askerBehind } from '#core/verification/asker.ts'
import { verify } from '#core/verification/verify.ts'
import type { HttpPeer, Route } from '#edge/http/message.ts'
import { verifyRoutes } from '#edge/verify/routes.ts'
import { signer } from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from './core.ts'
import { noteAlarming } from './verbs/verification.ts'

/** What proxies ask of the certificates that they see. */
export function proxyRoutes(core: Core): readonly Route[] {
  return verifyRoutes({
    asker: (peer) => askerOf(peer, core),
    verify: async (question, asker, { address }) => {
      const verification = await verify({ ...question, products: productsFor(asker) }, core)
      await noteAlarming(verification, address, core)
      return verification
    },
    noteRefused: (no, source) => core.refusals.note({ ...no, source, subjects: [] }),
  })
}

function productsFor(asker: Asker): readonly string[] | undefined {
  const { products } = asker.kind === 'application' ? asker.application : { products: [] }
  return products.length === 0 ? undefined : products
}

/** Any machine and any application, what they may do least is to ask; but none that may do one other thing alone. */
async function askerOf({ certificates, proxy }: HttpPeer, core: Core): Promise<Asker | Refused> {
  if (proxy !== undefined)
    return refuse('not-permitted', 'who asks must come by a connection of its own')
  const [leaf] = certificates
  const asker = leaf && (await askerBehind(leaf, core))
  if (asker?.kind === 'machine' && asker.machine.role === signer)
    return refuse('not-permitted', 'this machine has digests signed, and does nothing else')
  return (
    asker ??
    refuse('credential-missing', 'present the client certificate of an application or a machine')
  )
}
