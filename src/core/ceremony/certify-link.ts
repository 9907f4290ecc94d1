// SPDX-License-Identifier: Apache-2.0
import { type Certificate, encodeSigned } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { newSerialNumber } from '../authority/draft.ts'
import { draftLink } from '../authority/link.ts'
import type { Refused } from '../refusal.ts'
import { type Certified, withIssued } from './certify-request.ts'
import {
  type CeremonyPorts,
  issuerOf,
  pointersOf,
  type VaultRoot,
  type VaultState,
} from './vault.ts'

/** Lets a root vouch for the key of another root of its name: NewWithOld, or OldWithNew (RFC 4210 section 4.4). */
export async function certifyLink(
  certified: Certificate,
  root: VaultRoot,
  vault: VaultState,
  ports: CeremonyPorts,
): Promise<Certified | Refused> {
  const { certificate: signer, keyId } = issuerOf(root, vault)
  const pointers = pointersOf(vault)
  const drafted = draftLink({
    ...{ certified, signer, serialNumber: newSerialNumber(ports.clock.now(), ports.random) },
    crlUrl: pointers.crlUrl(root.name, 0),
    issuerUrl: pointers.issuerUrl(root.name),
  })
  if (drafted.kind === 'refused') return drafted
  const { toBeSigned, signatureAlgorithm, serialNumber } = drafted
  const signature = await ports.keys.sign(keyId, toBeSigned)
  const certificate = encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature)
  const subject = formatName(certified.subject)
  return {
    ...{ kind: 'certified', certificate },
    root: withIssued(root, 'link', certificate, { serialNumber, subject }),
  }
}
