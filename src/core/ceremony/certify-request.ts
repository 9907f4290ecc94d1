// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { attributeTypes } from '#format/oids.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { attributeOf, formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { provePossession } from '#trust/possession.ts'
import { refuse } from '#trust/refusal.ts'
import { draft, type Signer } from '../authority/draft.ts'
import { checkMarks } from '../authority/environment-mark.ts'
import { lint } from '../authority/issue.ts'
import { noShard } from '../ledger/shards.ts'
import { approveOwn } from '../policy/decide.ts'
import { drawSubject } from '../policy/templates.ts'
import type { Refused } from '../refusal.ts'
import { profileFor } from './profiles.ts'
import {
  type CeremonyPorts,
  issuerOf,
  pointersOf,
  type VaultRoot,
  type VaultState,
} from './vault.ts'

export interface Certified {
  readonly kind: 'certified'
  /** DER. */
  readonly certificate: Uint8Array
  /** The root with what it has certified now. */
  readonly root: VaultRoot
}

/**
 * Certifies an issuing authority by its request: the request proves its key, the profile decides what the
 * certificate says, and the subject must be the one that the profile draws from its own name.
 *
 * What else the request asks for is not looked at.
 */
export async function certifyRequest(
  request: CertificationRequest,
  root: VaultRoot,
  until: Temporal.Instant | undefined,
  vault: VaultState,
  ports: CeremonyPorts,
): Promise<Certified | Refused> {
  const possession = await provePossession(request)
  if (possession.kind === 'refused') return possession
  const { publicKey } = possession.proved
  const profile = profileFor('issuing', until)
  const facts = {
    maker: attributeOf(request.subject, attributeTypes.organizationName) ?? '',
    name: attributeOf(request.subject, attributeTypes.commonName) ?? '',
  }
  const { environment } = vault
  const marked = checkMarks([request], environment)
  if (marked !== undefined) return marked
  const verdict = approveOwn({ profile, publicKey, facts, owner: facts.name, environment })
  if (verdict.kind === 'refused') return verdict
  if (!sameBytes(drawSubject(profile, facts).der, request.subject.der)) {
    return refuse(
      'subject-differs',
      `"${formatName(request.subject)}" is not of the form O=…, CN=… that an issuing authority of this house has`,
    )
  }
  const signer: Signer = { kind: 'issuer', issuer: issuerOf(root, vault) }
  const means = { clock: ports.clock, random: ports.random, pointers: pointersOf(vault) }
  const drafted = draft(verdict.approved, signer, noShard, means)
  const flaw = lint(drafted, signer)
  if (flaw !== undefined) return flaw
  const signature = await ports.keys.sign(root.keyId, drafted.toBeSigned)
  const { identifier } = drafted.signatureAlgorithm
  const certificate = encodeSigned(drafted.toBeSigned, identifier, signature)
  return {
    ...{ kind: 'certified', certificate },
    root: withIssued(root, 'issuing', certificate, {
      serialNumber: drafted.serialNumber,
      subject: formatName(request.subject),
    }),
  }
}

/** The root with a certificate more in its book. */
export function withIssued(
  root: VaultRoot,
  kind: 'issuing' | 'link',
  certificate: Uint8Array,
  { serialNumber, subject }: { readonly serialNumber: Uint8Array; readonly subject: string },
): VaultRoot {
  const issued = {
    ...{ kind, serialNumber: serialNumber.toHex(), subject },
    ...{ sha256: sha256(certificate).toHex(), revoked: null },
  }
  return { ...root, issued: [...root.issued, issued] }
}
