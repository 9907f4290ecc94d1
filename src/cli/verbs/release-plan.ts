// SPDX-License-Identifier: Apache-2.0
import type { ManifestSigning } from '#format/release/manifest-signing.ts'
import type { Answer } from '../talk/server.ts'
import type { Step } from './release-page.ts'

type Signed = Answer<'release.show'>['signed'][number]

/** What was signed, by what was approved: each by a line of the plan, and by its keys alone. */
export function planSteps(
  { signed }: { readonly signed: readonly Pick<Signed, 'name' | 'form' | 'facts'>[] },
  { lines, bare, digests }: ManifestSigning,
): readonly Step[] {
  return signed.map(({ name, form, facts }) => {
    const { of, asForm, byDigest } = facts
    const keys = Array.isArray(facts['keyNames']) ? facts['keyNames'].map(String).join(', ') : ''
    const isOf = (one: { readonly form: string; readonly of: string | null }) =>
      one.form === form && one.of === (of ?? null)
    const good =
      byDigest !== true
        ? lines.some((line) => isOf(line) && line.keys.map((key) => key.name).join(', ') === keys)
        : asForm === undefined
          ? bare.some((key) => key.name === keys)
          : digests.some((one) => one.form === asForm && one.key.name === keys) ||
            lines.some((one) => one.form === asForm && one.keys.some((key) => key.name === keys))
    const what = `${name} as ${asForm ?? form} by ${keys}`
    return { step: 'plan', good, found: good ? what : `${what}: nobody approved that` }
  })
}
