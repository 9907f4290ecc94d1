// SPDX-License-Identifier: Apache-2.0
import type { ArtefactKey } from '#core/ledger/tables.ts'
import { chainOf } from '#core/signing/artefact-key.ts'
import { findWorker } from '#core/signing/find-worker.ts'
import { signForWorker } from '#core/signing/sign-for-worker.ts'
import { unsignedCertificate } from '#core/signing/unsigned-certificate.ts'
import { WantedByPlans } from '#core/signing/wanted-by-plans.ts'
import type { SignServerPorts } from '#edge/signserver/routes.ts'
import type { Core } from './core.ts'
import { signingPorts } from './verbs/signing.ts'

/** How a digest is signed for a client of SignServer. */
export function workerSigning(core: Core): SignServerPorts['sign'] {
  const wantedByPlans = new WantedByPlans()
  return async (worker, asked, { actor, products }) => {
    const key = await findWorker(worker, products, core)
    if ('reason' in key) return key
    const ports = { ...(await signingPorts(core)), wantedByPlans }
    const signed = await signForWorker(key, asked, actor, ports)
    if (signed.kind === 'refused') return signed
    const { signature, record } = signed
    const signerCertificate = await certificateOf(key, core)
    return { kind: 'signed', signature, signerCertificate, archiveId: record.id }
  }
}

/** Clients read the key out of a certificate, also where devices know the bare key. */
async function certificateOf(key: ArtefactKey, { ledger }: Core): Promise<Uint8Array> {
  const [own] = chainOf(key)
  if (own !== undefined) return own.der
  const record = await ledger.read('key', key.key)
  if (record === undefined) throw new TypeError(`the key of ${key.name} is gone`)
  return unsignedCertificate(key, record)
}
