// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { keyIdentifier, type Pointers } from '../authority/draft.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** What a root of a vault ever certified. */
export interface VaultCertificate {
  readonly kind: 'issuing' | 'link'
  /** Hexadecimal. */
  readonly serialNumber: string
  readonly subject: string
  readonly sha256: string
  /** RFC 3339, and CRLReason (RFC 5280 section 5.3.1); null while it is in force. */
  readonly revoked: { readonly at: string; readonly reason: number } | null
}

/** A root whose key rests in a vault. */
export interface VaultRoot {
  readonly name: string
  readonly algorithm: KeyAlgorithmName
  readonly keyId: string
  /** DER. */
  readonly certificate: Uint8Array
  /** The name of the root that it stands beside. */
  readonly twinOf: string | null
  /** Of the last list that it signed; 0: none. */
  readonly lastListNumber: number
  readonly issued: readonly VaultCertificate[]
}

/** One splitting of the vault's passphrase. */
export interface ShareSet {
  /** Counts from 1; each re-sharing makes the next one. */
  readonly set: number
  readonly needed: number
  readonly of: number
  readonly sealed: boolean
  /** SHA-256 over a label and the secret, which has 256 bits of chance: tells that it was put together right. */
  readonly check: string
  /** The same of each share, in order: tells which one is wrong. */
  readonly commitments: readonly string[]
  /** Who took which. */
  readonly custodians: readonly string[]
}

/** What lies beside the keys in a vault: what was done with them, and nothing secret. */
export interface VaultState {
  /** 16 bytes, hexadecimal. */
  readonly vault: string
  readonly title: string
  readonly environment: Authority['environment']
  readonly rehearsal: boolean
  readonly maker: string
  readonly publicUrl: string
  /** How many acts it has seen. */
  readonly act: number
  /** RFC 3339: when the last of them was closed, by the clock of its machine; empty: none was. */
  readonly lastHeldAt: string
  /** The last line of the last act's transcript. */
  readonly transcriptSha256: string
  /** The sets that may open it: one; two only if a re-sharing was cut off. */
  readonly sets: readonly ShareSet[]
  readonly roots: readonly VaultRoot[]
}

/** What a ceremony makes certificates with; no ledger and no server. */
export interface CeremonyPorts {
  readonly keys: Pick<SigningKeys, 'sign' | 'make'>
  readonly clock: Clock
  readonly random: Randomness
}

/** The root as who issues: draft, lint and sign take it as they take every issuer. */
export function issuerOf(
  root: VaultRoot,
  { environment }: Pick<VaultState, 'environment'>,
): Issuer {
  const certificate = parseCertificate(root.certificate)
  return {
    authority: authorityOf(root, certificate, environment),
    certificate,
    signatureAlgorithm: signatureAlgorithmFor(root.algorithm),
    keyId: root.keyId,
  }
}

function authorityOf(
  { name, algorithm, keyId }: VaultRoot,
  { der, extensions, publicKey, notBefore, notAfter }: Certificate,
  environment: Authority['environment'],
): Authority {
  return {
    ...{ id: name, version: 1, name, kind: 'root', environment, algorithm, parent: null },
    ...{ key: keyId, certificate: der, certificateSha256: sha256(der), state: 'active' },
    subjectKeyIdentifier:
      readExtension(extensions, 'subjectKeyIdentifier') ?? keyIdentifier(publicKey.der),
    ...{ notAfter, issueUntil: notAfter, successor: null, createdAt: notBefore, products: [] },
    ...{ crlNumberFrom: null, origin: 'ceremony', twin: null, keyEverHere: false },
  }
}

/** Certificates of a vault point at the full list of their root: it is short, and has one address. */
export function pointersOf({ publicUrl }: Pick<VaultState, 'publicUrl'>): Pointers {
  return {
    crlUrl: (root) => `${publicUrl}/crl/${root}.crl`,
    issuerUrl: (root) => `${publicUrl}/ca/${root}.crt`,
  }
}

/** How the maker stands in subjects: what is not for production says so. */
export function makerFor({
  maker,
  environment,
  rehearsal,
}: Pick<VaultState, 'maker' | 'environment' | 'rehearsal'>): string {
  if (rehearsal) return `${maker} REHEARSAL`
  return environment === 'production' ? maker : `${maker} ${environment.toUpperCase()}`
}
