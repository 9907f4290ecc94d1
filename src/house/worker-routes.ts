// SPDX-License-Identifier: Apache-2.0
import type { ArtefactKey } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { chainOf } from '#core/signing/artefact-key.ts'
import { findWorker } from '#core/signing/find-worker.ts'
import { signForWorker } from '#core/signing/sign-for-worker.ts'
import { unsignedCertificate } from '#core/signing/unsigned-certificate.ts'
import { WantedByPlans } from '#core/signing/wanted-by-plans.ts'
import { askerBehind } from '#core/verification/asker.ts'
import type { HttpPeer, Route } from '#edge/http/message.ts'
import { type Client, signServerRoutes } from '#edge/signserver/routes.ts'
import { signer } from '#format/admin/operation.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from './core.ts'
import { signingPorts } from './verbs/signing.ts'

/** Where clients of SignServer have digests signed. */
export function workerRoutes(core: Core): readonly Route[] {
  const wantedByPlans = new WantedByPlans()
  return signServerRoutes({
    client: (peer) => clientOf(peer, core),
    sign: async (worker, asked, { actor, products }) => {
      const key = await findWorker(worker, products, core)
      if ('reason' in key) return key
      const ports = { ...(await signingPorts(core)), wantedByPlans }
      const signed = await signForWorker(key, asked, actor, ports)
      if (signed.kind === 'refused') return signed
      const { signature, record } = signed
      const signerCertificate = await certificateOf(key, core)
      return { kind: 'signed', signature, signerCertificate, archiveId: record.id }
    },
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

/** Clients read the key out of a certificate, also where devices know the bare key. */
async function certificateOf(key: ArtefactKey, { ledger }: Core): Promise<Uint8Array> {
  const [own] = chainOf(key)
  if (own !== undefined) return own.der
  const record = await ledger.read('key', key.key)
  if (record === undefined) throw new TypeError(`the key of ${key.name} is gone`)
  return unsignedCertificate(key, record)
}
