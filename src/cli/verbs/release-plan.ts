// SPDX-License-Identifier: Apache-2.0
import type { ReleaseManifest } from '#format/release/manifest.ts'
import type { Answer } from '../talk/server.ts'
import type { Step } from './release-page.ts'

type Signed = Pick<
  Answer<'release.show'>['signed'][number],
  'name' | 'form' | 'facts' | 'part' | 'sourceSha256' | 'sha256'
>
type Approved = Pick<ReleaseManifest, 'artefacts' | 'signing'>

/**
 * What was signed, by what was approved: each by a line of the plan, and by its keys alone; and each of octets, or of a
 * digest, that were approved.
 */
export function planSteps(
  { signed }: { readonly signed: readonly Signed[] },
  approved: Approved,
): readonly Step[] {
  return signed.map((one) => {
    const what = `${one.name} as ${one.facts['asForm'] ?? one.form} by ${keysOf(one)}`
    const wrong = isByApprovedKeys(one, approved)
      ? isOfApproved(one, approved, signed)
        ? undefined
        : `is of ${one.sourceSha256}, which is not what was approved to be signed so`
      : 'nobody approved that'
    return {
      ...{ step: 'plan', good: wrong === undefined },
      found: wrong === undefined ? what : `${what}: ${wrong}`,
    }
  })
}

function keysOf({ facts }: Signed): string {
  return Array.isArray(facts['keyNames']) ? facts['keyNames'].map(String).join(', ') : ''
}

function isByApprovedKeys(one: Signed, { signing: { lines, bare, digests } }: Approved): boolean {
  const { of, asForm, byDigest } = one.facts
  const keys = keysOf(one)
  if (byDigest !== true)
    return lines.some(
      (line) =>
        line.form === one.form &&
        line.of === (of ?? null) &&
        line.keys.map((key) => key.name).join(', ') === keys,
    )
  if (asForm === undefined) return bare.some((key) => key.name === keys)
  return (
    digests.some((said) => said.form === asForm && said.key.name === keys) ||
    lines.some((line) => line.form === asForm && line.keys.some((key) => key.name === keys))
  )
}

/** Whether the digest that a signature is of is that of an artefact, or of what was to be signed of one by that key. */
function isOfApproved(
  one: Signed,
  { artefacts, signing: { digests } }: Approved,
  signed: readonly Signed[],
): boolean {
  const { of, asForm, byDigest, signedDigest } = one.facts
  // What is made of another output has that as its source.
  if (byDigest !== true && of !== undefined)
    return signed.some(
      ({ part, form, sha256 }) => part === one.part && form === of && sha256 === one.sourceSha256,
    )
  const named = artefacts.filter(({ sha256 }) => sha256 === one.sourceSha256)
  const meant = digests.filter(({ artefact }) => named.some(({ name }) => name === artefact))
  if (byDigest !== true || asForm === undefined) return named.length > meant.length
  // As a key of a plan signs it: what that is of the artefact, nobody without the artefact can say.
  if (of === undefined) return named.length > meant.length
  return (
    signedDigest === one.sourceSha256 &&
    meant.some((said) => said.of === of && said.form === asForm && said.key.name === keysOf(one))
  )
}
