// SPDX-License-Identifier: Apache-2.0
/** What a device brings along when it judges an artefact, and what comes out. */
import type { Certificate } from '#format/x509/certificate.ts'
import type { PublicKey } from '../public-key.ts'

/** What the extended key usage of a signer's certificate is asked for, as verifiers of CMS ask it. */
export const signerPurposes = ['any', 'email', 'code', 'email-and-code', 'update-package'] as const
export type SignerPurpose = (typeof signerPurposes)[number]

export interface DeviceTrust {
  /** Bare keys that it takes. */
  readonly keys: readonly PublicKey[]
  /** Roots that a signer's certificate has to lead to. */
  readonly roots: readonly Certificate[]
  readonly purpose: SignerPurpose
  /** What it knows of revocation (a status file, a CRL); absent: it asks nobody. */
  readonly isRevoked?: (certificate: Certificate) => boolean | 'unknown'
  /** Its clock; undefined: it has none that it believes, and takes time from signed metadata. */
  readonly now: Temporal.Instant | undefined
  /** Roots of time-stamp authorities; empty: a time-stamp changes nothing. */
  readonly stampRoots: readonly Certificate[]
  /** The lowest security version that it takes: its monotonic counter; undefined: it has none. */
  readonly counter: number | undefined
  /** It takes nothing that is not signed by a classical and by a post-quantum key. */
  readonly demandsBoth: boolean
}

/** One signature that held. */
export interface ProvedSigner {
  readonly publicKey: PublicKey
  /** Undefined: the device knows the key itself. */
  readonly certificate: Certificate | undefined
  /** When a time-stamp authority that is believed saw the signature. */
  readonly stampedAt: Temporal.Instant | undefined
}

export interface Verdict {
  readonly kind: 'genuine'
  /** At least one. */
  readonly signers: readonly ProvedSigner[]
  readonly version: string | undefined
  readonly securityVersion: number | undefined
  /** What it covers beside itself: names and digests of files, for who has them. */
  readonly covers: readonly { readonly name: string; readonly sha256: Uint8Array }[]
}
