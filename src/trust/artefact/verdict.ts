// SPDX-License-Identifier: Apache-2.0
/** What a device brings along when it judges an artefact, and what comes out. */
import type { HssPublicKey } from '#format/lms/hss.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { KeyAlgorithmName } from '../algorithms.ts'
import type { Environment } from '../environment-mark.ts'
import type { StatusRule } from '../peer/status-rule.ts'
import type { PublicKey } from '../public-key.ts'
import type { SignerClaim } from './judge-signer.ts'
import type { SignerPurpose } from './signer-purpose.ts'

export interface DeviceTrust {
  /** Bare keys that it takes. */
  readonly keys: readonly PublicKey[]
  /** HSS keys that it takes beside them, where a form can be signed so; absent: none. */
  readonly hssKeys?: readonly HssPublicKey[]
  /** Roots that a signer's certificate has to lead to. */
  readonly roots: readonly Certificate[]
  readonly purpose: SignerPurpose
  /** How it looks at revocation (a status file, lists); absent: it asks nobody. */
  readonly status?: StatusRule
  /** Its clock; undefined: it has none that it believes, and takes time from signed metadata. */
  readonly now: Temporal.Instant | undefined
  /**
   * A moment that is surely over, of what it believed before: no time from anywhere is taken that is earlier, and a
   * clock behind it was never set. Undefined: it has seen nothing yet.
   */
  readonly seen?: Temporal.Instant
  /** It holds certificates against no time at all: whether they have expired is nothing to it. */
  readonly timeless?: true
  /** Roots of time-stamp authorities; empty: a time-stamp changes nothing. */
  readonly stampRoots: readonly Certificate[]
  /** The lowest security version that it takes: its monotonic counter; undefined: it has none. */
  readonly counter: number | undefined
  /** It takes nothing that is not signed by a classical and by a post-quantum key. */
  readonly demandsBoth: boolean
  /** Where it is: a device in the field takes no certificate whose names say TRIAL or TEST. Absent: it does not ask. */
  readonly environment?: Environment
  /** What it is, where a form says for what it was made; absent: it does not ask. */
  readonly product?: string
  readonly hardware?: string
  /** Hears of each signer whose signature held, before it is judged: for who judges it again at another time. */
  readonly hears?: (claim: SignerClaim) => void
}

/** The key of who signed; an HSS key only ever signed elsewhere, and is no key of any other use here. */
export interface SignerKey extends Pick<PublicKey, 'spki' | 'fingerprint'> {
  readonly algorithm: KeyAlgorithmName | 'hss-lms'
}

/** One signature that held. */
export interface ProvedSigner {
  readonly publicKey: SignerKey
  /** Undefined: the device knows the key itself. */
  readonly certificate: Certificate | undefined
  /** When a time-stamp authority that is believed saw the signature. */
  readonly stampedAt: Temporal.Instant | undefined
  /** The moment as of which its certificate was judged; undefined: the device knows the key itself. */
  readonly judgedAt: Temporal.Instant | undefined
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
