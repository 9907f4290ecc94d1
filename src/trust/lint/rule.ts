// SPDX-License-Identifier: Apache-2.0
import type { CertificateKind } from './kinds.ts'
import type { Linted } from './linted.ts'

/** `error`: it is not signed. `warning`: it is signed and shown. */
export type Severity = 'error' | 'warning'

/** One thing that a certificate must hold. */
export interface Rule {
  readonly id: string
  /** Where it stands written: standard and section, or why the house asks for it. */
  readonly source: string
  readonly severity: Severity
  /** What must hold, in a sentence. */
  readonly holds: string
  readonly applies: (kind: CertificateKind) => boolean
  /** What is wrong, with both values; undefined if it holds. Never throws. */
  readonly check: (linted: Linted) => string | undefined
}

export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly source: string
  readonly detail: string
}

export const always = () => true
export const authorities = (kind: CertificateKind) =>
  kind === 'issuing' || kind === 'root' || kind === 'link'
export const leaves = (kind: CertificateKind) => !authorities(kind)
export const only =
  (...kinds: readonly CertificateKind[]) =>
  (kind: CertificateKind) =>
    kinds.includes(kind)
export const except =
  (...kinds: readonly CertificateKind[]) =>
  (kind: CertificateKind) =>
    !kinds.includes(kind)
