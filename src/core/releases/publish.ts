// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Release, SignedArtefactRecord } from '../ledger/tables.ts'
import type { ReleaseChanged } from './create.ts'
import type { ReleasePorts } from './ports.ts'
import { checkSecurityVersion } from './security-version.ts'

/** Gives a signed release to devices; what was signed with a higher security version meanwhile stands against it. */
export async function publishRelease(
  release: Release,
  actor: Actor,
  { ledger, clock, artefacts }: Pick<ReleasePorts, 'ledger' | 'clock' | 'artefacts'>,
): Promise<ReleaseChanged> {
  if (release.state !== 'signed')
    return refuse(
      'release-state-wrong',
      `${release.id} is ${release.state}; only what is signed is published`,
    )
  const falls = await checkSecurityVersion(release, ledger)
  if (falls !== undefined) return falls
  const signed = await signedArtefactsOf(release.id, ledger)
  for (const { form, sha256, octets, signature } of signed)
    if (signature === null && (await artefacts.size(sha256)) !== octets)
      return refuse('artefact-missing', `the octets that were signed as ${form} are not here`)
  const now = clock.now()
  const published: Release = {
    ...{ ...release, version: release.version + 1, state: 'published', publishedAt: now },
  }
  const { firmwareVersion, securityVersion, channel } = release
  const refused = await settle(
    {
      puts: [{ kind: 'release', record: published }],
      events: [
        {
          ...{ type: 'release-published', at: now, actor },
          subjects: [release.id, release.product],
          facts: { firmwareVersion, securityVersion, channel, signed: signed.length },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', release: published }
}

/** All that came out when a release was signed. */
export async function signedArtefactsOf(
  release: string,
  ledger: Ledger,
): Promise<readonly SignedArtefactRecord[]> {
  const found: SignedArtefactRecord[] = []
  let after: string | undefined
  do {
    const page = await ledger.list('signedArtefact', {
      ...{ by: 'release', equal: [release], limit: 1_000 },
      ...(after !== undefined && { after }),
    })
    found.push(...page.items)
    after = page.next ?? undefined
  } while (after !== undefined)
  return found
}
