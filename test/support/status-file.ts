// SPDX-License-Identifier: Apache-2.0
/** A signed status file of a history that a test makes up, without any ledger. */
import type { CertificateState } from '#format/compact-status/changes.ts'
import { certificateStates } from '#format/compact-status/changes.ts'
import {
  encodeStatusContent,
  encodeStatusFile,
  type StatusContent,
} from '#format/compact-status/status-file.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { buildBlock } from '#trust/compact-status/build-block.ts'
import { signedMessage } from '#trust/compact-status/open-status-file.ts'
import { keyDigest } from '#trust/compact-status/status-of.ts'
import { sha256 } from '#trust/digest.ts'
import { sign } from '#trust/private-key.ts'
import type { TrustAnchor } from '#trust/trust-anchor.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNow,
  makeAnchor,
  makeEntity,
  type Wish,
} from '../made-certificates.ts'

/** A root, an issuer below it, and who signs status for it. */
export interface StatusSigner {
  readonly anchor: TrustAnchor
  readonly root: Certificate
  readonly issuer: Certificate
  readonly signer: Entity
  readonly certificate: Certificate
}

export async function makeStatusSigner(
  algorithm: KeyAlgorithmName = 'p-256',
  wish: Wish = {},
): Promise<StatusSigner> {
  const top = await makeEntity('CN=root', algorithm)
  const middle = await makeEntity('CN=issuing', algorithm)
  const signer = await makeEntity('CN=status files', algorithm)
  const root = await certifyAuthority(top)
  const extensions = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('extKeyUsage', [keyPurposes.ocspSigning]),
  ]
  return {
    ...{ anchor: makeAnchor(root), root, signer },
    issuer: await certifyAuthority(middle, top),
    certificate: await certify(signer, middle, { extensions, ...wish }),
  }
}

export type StatedSerial = readonly [serial: Uint8Array, state: CertificateState]

/** One authority, one block. */
export function contentOf(
  issuer: Certificate,
  stated: readonly StatedSerial[],
  more: Partial<StatusContent> = {},
): StatusContent {
  const serials = new Uint8Array(stated.length * 16)
  for (const [index, [serial]] of stated.entries()) serials.set(serial, index * 16)
  const states = Uint8Array.from(stated, ([, state]) => certificateStates.indexOf(state))
  const seed = sha256(serials)
  const { base, changes } = buildBlock({ count: stated.length, serials, states }, seed)
  return {
    ...{ anchors: sha256(issuer.der), number: 1 },
    ...{ madeAt: madeNow, coversUntil: madeNow, expiresAt: madeNow.add({ hours: 192 }) },
    authorities: [
      {
        ...{ keySha256: keyDigest(issuer), since: madeNow.subtract({ hours: 24 }) },
        ...{ blocks: [{ start: 0, base }], changes: changes ? [{ ...changes, block: 0 }] : [] },
        ...{ roster: new Uint8Array(), rosterSalt: new Uint8Array(8) },
      },
    ],
    ...more,
  }
}

export async function signedFile(
  content: StatusContent,
  signers: readonly StatusSigner[],
): Promise<Uint8Array> {
  const signed = encodeStatusContent(content)
  const signatures = await Promise.all(
    signers.map(async ({ signer, certificate, issuer }) => {
      const algorithm = signatureAlgorithmFor(signer.pair.publicKey.algorithm)
      return {
        certificates: [certificate.der, issuer.der],
        signature: await sign(signer.pair.privateKey, algorithm, signedMessage(signed)),
      }
    }),
  )
  return encodeStatusFile(signed, signatures)
}
