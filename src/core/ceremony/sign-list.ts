// SPDX-License-Identifier: Apache-2.0
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import { revocationReasons } from '../revocation/revoke.ts'
import type { ScriptList } from './script.ts'
import { type CeremonyPorts, issuerOf, type VaultRoot, type VaultState } from './vault.ts'

export interface SignedList {
  readonly kind: 'signed'
  /** DER. */
  readonly list: Uint8Array
  readonly number: number
  readonly nextUpdate: Temporal.Instant
  readonly root: VaultRoot
}

/** Signs the next full list of a root: what it revoked before stays on it, what the script names comes to it. */
export async function signList(
  { goodForDays, revoke }: ScriptList,
  root: VaultRoot,
  vault: VaultState,
  ports: CeremonyPorts,
): Promise<SignedList | Refused> {
  const { authority, certificate, signatureAlgorithm, keyId } = issuerOf(root, vault)
  const thisUpdate = ports.clock.now().round({ smallestUnit: 'second', roundingMode: 'floor' })
  const at = thisUpdate.toString()
  const unknown = revoke.find(({ serialNumber }) =>
    root.issued.every((one) => one.serialNumber !== serialNumber),
  )
  if (unknown !== undefined) {
    return refuse(
      'certificate-unknown',
      `${root.name} never issued a certificate of serial number ${unknown.serialNumber}`,
    )
  }
  const issued = root.issued.map((one) => {
    const named = revoke.find(({ serialNumber }) => serialNumber === one.serialNumber)
    if (named === undefined || one.revoked !== null) return one
    return { ...one, revoked: { at, reason: revocationReasons[named.reason] } }
  })
  const number = root.lastListNumber + 1
  const wanted = thisUpdate.add({ hours: 24 * goodForDays })
  const { notAfter } = certificate
  const nextUpdate = Temporal.Instant.compare(wanted, notAfter) < 0 ? wanted : notAfter
  const toBeSigned = encodeTbsCrl({
    signatureAlgorithm: signatureAlgorithm.identifier,
    issuer: certificate.subject,
    ...{ thisUpdate, nextUpdate },
    revoked: issued.flatMap(({ serialNumber, revoked }) =>
      revoked === null
        ? []
        : {
            serialNumber: Uint8Array.fromHex(serialNumber),
            revokedAt: Temporal.Instant.from(revoked.at),
            reason: revoked.reason,
          },
    ),
    extensions: [
      encodeExtension('authorityKeyIdentifier', {
        keyIdentifier: authority.subjectKeyIdentifier,
      }),
      encodeExtension('cRLNumber', BigInt(number)),
    ],
  })
  const signature = await ports.keys.sign(keyId, toBeSigned)
  return {
    kind: 'signed',
    list: encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature),
    ...{ number, nextUpdate, root: { ...root, lastListNumber: number, issued } },
  }
}
