// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { CertId } from '#format/ocsp/cert-id.ts'
import { algorithms } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { dangerouslySha1, sha256 } from '#trust/digest.ts'
import type { Authority } from '../ledger/tables.ts'

/** Parameters that are there and say nothing: what most clients write for both digests. */
const derNull = Uint8Array.of(0x05, 0x00)

/**
 * The digests in which clients name an issuer: SHA-1 is what most send, SHA-256 what RFC 9919 asks for.
 *
 * With NULL and without: an answer repeats what was asked, since some clients compare all of it.
 */
const namings: readonly {
  readonly identifier: AlgorithmIdentifier
  digest(bytes: Uint8Array): Uint8Array
}[] = [
  { identifier: encodeAlgorithmIdentifier(algorithms.sha1, derNull), digest: dangerouslySha1 },
  { identifier: encodeAlgorithmIdentifier(algorithms.sha256, derNull), digest: sha256 },
  { identifier: encodeAlgorithmIdentifier(algorithms.sha1), digest: dangerouslySha1 },
  { identifier: encodeAlgorithmIdentifier(algorithms.sha256), digest: sha256 },
]

/** How many ways there are to name one authority. */
export const namingCount = namings.length

/** How a request named an authority of ours. */
export interface NamedIssuer {
  readonly authority: Authority
  /** The place of the digest in its table: the same authority under two of them gets two answers. */
  readonly naming: number
  readonly hashAlgorithm: AlgorithmIdentifier
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
}

/** The authorities that are answered for, by every name that a CertID may give them. RFC 6960 section 4.1.1. */
export class NamedIssuers {
  readonly #byKeyHash = new Map<string, NamedIssuer[]>()

  constructor(authorities: readonly Authority[]) {
    for (const authority of authorities) {
      const { subject, publicKey } = parseCertificate(authority.certificate)
      for (const [naming, { identifier, digest }] of namings.entries()) {
        const issuerKeyHash = digest(publicKey.key)
        const named = {
          ...{ authority, naming, hashAlgorithm: identifier },
          ...{ issuerNameHash: digest(subject.der), issuerKeyHash },
        }
        const key = issuerKeyHash.toHex()
        const others = this.#byKeyHash.get(key)
        if (others === undefined) this.#byKeyHash.set(key, [named])
        else others.push(named)
      }
    }
  }

  /** The authority that is meant; undefined: none of those. Of two records of one name and key, the newer. */
  find(id: CertId): NamedIssuer | undefined {
    return this.#byKeyHash
      .get(id.issuerKeyHash.toHex())
      ?.findLast(
        ({ hashAlgorithm, issuerNameHash }) =>
          sameBytes(hashAlgorithm.der, id.hashAlgorithm.der) &&
          sameBytes(issuerNameHash, id.issuerNameHash),
      )
  }
}

/**
 * Whether questions about its certificates are answered here: it is an issuing authority whose key is ours.
 *
 * Not a root: its key is not to be used by a clock, and its list names the few that it certified. Not one
 * that signs elsewhere: whoever has its key answers for it.
 */
export function isAnsweredFor({ kind, key }: Pick<Authority, 'kind' | 'key'>): boolean {
  return kind === 'issuing' && key !== null
}
