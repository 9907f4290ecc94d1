// SPDX-License-Identifier: Apache-2.0
/** Revocation lists for tests, as somebody else would sign them; the clock of a test core stands in their time. */
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl, type Revocation } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sign } from '#trust/private-key.ts'
import type { Entity } from './made-certificates.ts'

export async function listBy(
  issuer: Entity,
  number: number,
  revoked: readonly Revocation[] = [],
  more: { extensions?: readonly Extension[]; until?: string; signedBy?: Entity } = {},
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmFor(issuer.pair.publicKey.algorithm)
  const toBeSigned = encodeTbsCrl({
    signatureAlgorithm: algorithm.identifier,
    issuer: issuer.name,
    thisUpdate: Temporal.Instant.from('2026-04-30T00:00:00Z'),
    nextUpdate: Temporal.Instant.from(more.until ?? '2027-04-30T00:00:00Z'),
    revoked,
    extensions: [encodeExtension('cRLNumber', BigInt(number)), ...(more.extensions ?? [])],
  })
  const { privateKey } = (more.signedBy ?? issuer).pair
  return encodeSigned(
    toBeSigned,
    algorithm.identifier,
    await sign(privateKey, algorithm, toBeSigned),
  )
}
