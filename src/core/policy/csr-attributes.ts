// SPDX-License-Identifier: Apache-2.0
import { encodeDer } from '#format/der/writer.ts'
import type { CsrAttribute } from '#format/est/csr-attributes.ts'
import { algorithms, attributes } from '#format/oids.ts'
import { writeExtensions } from '#format/x509/extension.ts'
import { type KeyAlgorithm, keyAlgorithms } from '#trust/algorithms.ts'
import { usagesFor } from './extensions-for.ts'
import type { CertificateFacts, Profile } from './profile.ts'
import { requestTemplateFor } from './request-template.ts'

/**
 * What a request for this profile should look like, said twice: in the older form the admitted keys and the
 * usages that it will get, and as a template, which says the names too and one key.
 *
 * Elliptic keys stand as one attribute with the admitted curves, RSA keys as one with the admitted
 * sizes, all others as plain object identifiers.
 *
 * Where the request is to be bound to its connection there is no template: it has no place for an attribute
 * whose value only the client can know, and who understands a template ignores all else.
 *
 * @param facts what is known of a device before it has said who it is
 * @see RFC 7030 section 4.5.2, RFC 8951 section 4, RFC 9908 sections 3.2, 3.4 and 4
 */
export function csrAttributesFor(
  profile: Profile,
  facts: Pick<CertificateFacts, 'maker' | 'product'>,
): readonly CsrAttribute[] {
  return [
    ...olderForm(profile),
    profile.bindsChannel
      ? { kind: 'oid', oid: attributes.challengePassword }
      : { kind: 'template', template: requestTemplateFor(profile, facts) },
  ]
}

function olderForm(profile: Profile): readonly CsrAttribute[] {
  const admitted = profile.keyAlgorithms.map((name) => keyAlgorithms[name])
  const curves = ofFamily(admitted, 'affine-point')
  const sizes = ofFamily(admitted, 'modulus').filter(
    ({ identifier }) => identifier.oid === algorithms.rsaEncryption,
  )
  const others = admitted.filter((row) => !curves.includes(row) && !sizes.includes(row))
  return [
    ...attribute(
      algorithms.ecPublicKey,
      curves.flatMap(({ identifier: { parameters } }) => parameters ?? []),
    ),
    ...attribute(
      algorithms.rsaEncryption,
      sizes.map(({ bits }) => encodeDer((writer) => writer.integer(bits))),
    ),
    // Those of RSASSA-PSS differ by size alone.
    ...[...new Set(others.map((row) => row.identifier.oid))].map(
      (oid) => ({ kind: 'oid', oid }) as const,
    ),
    ...attribute(attributes.extensionRequest, [
      encodeDer((writer) => writeExtensions(writer, usagesFor(profile))),
    ]),
  ]
}

function ofFamily(rows: readonly KeyAlgorithm[], canonical: KeyAlgorithm['canonical']) {
  return rows.filter((row) => row.canonical === canonical)
}

function attribute(
  type: (CsrAttribute & { kind: 'attribute' })['type'],
  values: readonly Uint8Array[],
): CsrAttribute[] {
  return values.length === 0 ? [] : [{ kind: 'attribute', type, values }]
}
