// SPDX-License-Identifier: Apache-2.0
import { type ManifestSigning, quoted, signingWords } from '#format/release/manifest-signing.ts'

/** How a release will be signed, a line each: what people approve with its octets. */
export function signingLines({ plan, lines, bare, digests }: ManifestSigning): readonly string[] {
  const chosen = plan === 0 && lines.length > 0
  return [
    ...(chosen ? ['no plan is written: whoever signs chooses among these'] : []),
    ...lines.map(signingWords),
    ...digests.map(
      ({ artefact, of, form, key }) =>
        `${artefact}, which is to be signed of ${of} as ${form}, by ${quoted(key.name)} (${key.sha256.slice(0, 8)})`,
    ),
    ...(bare.length === 0
      ? []
      : [
          `digests of artefacts, where they are asked for, by ${bare.map(({ name }) => quoted(name)).join(', ')}`,
        ]),
  ]
}

/** The title of these lines. */
export function signingTitle({ plan }: ManifestSigning): string {
  return plan === 0 ? 'will be signed' : `will be signed (plan ${plan})`
}
