// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { ProfileKind } from '#trust/lint/kinds.ts'
import type { ProfileDocument } from './document/profile-document.ts'
import type {
  AttestationForm,
  answerFreedoms,
  approvable,
  Environment,
  proofs,
  quoteRules,
} from './document/words.ts'

export type Proof = (typeof proofs)[number]

/**
 * A profile document that was read and found without fault; only `parseProfile` makes one.
 *
 * Templates and reasons stay in `document`; what is asked on every request stands beside it.
 */
export interface RenewalRule {
  /** The part of its life, 0 to 1, that must be over. */
  readonly openShare: number
  readonly afterExpiry: AfterExpiry
  /** Whether certificates of the old key are revoked once a new one was proven; else they retire. */
  readonly revokesOldKey: boolean
}

export interface Profile {
  readonly name: string
  /** Counts from 1. */
  readonly version: number
  readonly kind: ProfileKind
  readonly environments: readonly Environment[]
  readonly keyAlgorithms: readonly KeyAlgorithmName[]
  readonly proofs: readonly Proof[]
  /** Whether a working identity may stand on the birth key (elements with a single slot). */
  readonly allowBirthKey: boolean
  /** How many unexpired certificates of this profile an owner may hold at once. */
  readonly identitiesAtMost: number
  readonly validity:
    | { readonly kind: 'hours'; readonly lifetime: Temporal.Duration }
    | { readonly kind: 'until'; readonly notAfter: Temporal.Instant }
    | { readonly kind: 'issuer' }
  readonly backdating: Temporal.Duration
  /** From the first certificate for a key to the end of the last; undefined: no limit. */
  readonly maximumKeyAge: Temporal.Duration | undefined
  /** Undefined: never renewed. */
  readonly renewal: RenewalRule | undefined
  /** Undefined: no request waits for a person. */
  readonly approval: ApprovalRule | undefined
  /** The keys that the server makes for devices that ask it to; usually none. */
  readonly serverKeys: readonly KeyAlgorithmName[]
  /** Undefined: any key. Else the proof that every key needs of where it lives. */
  readonly attestation: AttestationRule | undefined
  /** Whether a request must name the TLS connection that it comes over (RFC 9266). */
  readonly bindsChannel: boolean
  /** Undefined: its certificates are signed here. */
  readonly hosting: Hosting | undefined
  readonly document: ProfileDocument
}

/** Who else signs, and how far the answer may leave what was approved. */
export interface Hosting {
  /** The upstream's name. */
  readonly upstream: string
  readonly mayDiffer: readonly (typeof answerFreedoms)[number][]
}

/** Which requests wait for a person, and for how long at most. */
export interface ApprovalRule {
  readonly operations: readonly (typeof approvable)[number][]
  readonly span: Temporal.Duration
}

/** Which proof of a key's place counts, and for how long. */
export interface AttestationRule {
  readonly required: readonly AttestationForm[]
  /** Of a proof that ages. */
  readonly maximumAge: Temporal.Duration
  /** What a platform that measures something else may have; undefined: nobody looks. */
  readonly quote: (typeof quoteRules)[number] | undefined
}

export type AfterExpiry =
  | { readonly kind: 'never' }
  | { readonly kind: 'for'; readonly span: Temporal.Duration }
  | { readonly kind: 'birth-certificate' }

/** What templates are filled from; a template whose fact is absent draws nothing. */
export interface CertificateFacts {
  readonly maker: string
  readonly product?: string
  /** The device's serial, as printed on the unit. */
  readonly serial?: string
  readonly hardwareRevision?: string
  readonly lot?: string
  /** Of an authority, a person, a machine or a server. */
  readonly name?: string
  /** DNS names and addresses of a server. */
  readonly names?: readonly string[]
  /** How the hardware that holds the key calls itself, as was proved. */
  readonly module?: string
  /** SHA-256 of the certificate by which its maker vouches for that hardware, in hexadecimal. */
  readonly moduleCertificate?: string
}
