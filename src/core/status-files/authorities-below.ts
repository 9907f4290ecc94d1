// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from '#format/bytes.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { keyDigest } from '#trust/compact-status/status-of.ts'
import type { Authority } from '../ledger/tables.ts'

/** Authorities that a verifier cannot tell apart: they have one key. */
export interface KeyHolders {
  readonly keySha256: Uint8Array
  readonly authorities: readonly Authority[]
}

/**
 * The roots of a set and all authorities below them, by their keys, ascending.
 *
 * @param above what stands above an authority, its issuer first
 */
export function authoritiesBelow(
  roots: ReadonlySet<string>,
  authorities: readonly Authority[],
  above: (authority: Authority) => readonly Authority[],
): readonly KeyHolders[] {
  const below = authorities.filter(
    (one) => one.kind !== 'foreign' && [one, ...above(one)].some(({ id }) => roots.has(id)),
  )
  const byKey = new Map<string, { keySha256: Uint8Array; authorities: Authority[] }>()
  for (const authority of below) {
    const keySha256 = keyDigest(
      parseCertificate(authority.certificate, { unknownCritical: 'keep' }),
    )
    const known = byKey.get(keySha256.toHex()) ?? { keySha256, authorities: [] }
    known.authorities.push(authority)
    byKey.set(keySha256.toHex(), known)
  }
  return [...byKey.values()].toSorted((left, right) =>
    compareBytes(left.keySha256, right.keySha256),
  )
}
