// SPDX-License-Identifier: Apache-2.0
import { encodeReleaseManifest } from '#format/release/manifest.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Release, ReleaseManifestRecord, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent } from './by-digest.ts'
import type { ReleaseChanged } from './create.ts'
import { refuseLeftOver } from './digest-keys.ts'
import { judgeDocument } from './judge-document.ts'
import { manifestOf } from './manifest-of.ts'
import { partsOf } from './parts-of.ts'
import type { ReleasePorts } from './ports.ts'
import { reopen } from './reopen.ts'
import { checkSecurityVersion } from './security-version.ts'
import { refuseOtherPlan, signingOf } from './signing-of.ts'

/**
 * Puts a release forward as it is now: its manifest is written down, and may be approved. What was put forward is so
 * again where the signing plan or its keys have become others since; who approved the old ones has to look again.
 */
export async function submitRelease(
  asked: Release,
  actor: Actor,
  ports: ReleasePorts,
): Promise<ReleaseChanged> {
  const { ledger, clock } = ports
  const parts = await partsOf(asked.id, ledger)
  const signing = await signingOf(asked, parts, ledger)
  if (signing.kind === 'refused') return signing
  const draft = await draftOf(asked, parts, actor, ports)
  if (draft.kind === 'refused') return draft
  const { release } = draft
  const unfit =
    (await checkSecurityVersion(release, ledger)) ??
    (await checkParts(release, parts, ports)) ??
    (await refuseLeftOver(parts, ledger))
  if (unfit !== undefined) return unfit
  const text = encodeReleaseManifest(await manifestOf(release, parts, signing.signing, ledger))
  const now = clock.now()
  const manifest: ReleaseManifestRecord = {
    ...{ id: newId('releaseManifest', ports), version: 1, release: release.id },
    ...{ revision: release.revision, sha256: sha256(text), text, madeAt: now },
  }
  const submitted: Release = {
    ...{ ...release, version: release.version + 1, state: 'submitted', submittedAt: now },
    manifestSha256: manifest.sha256,
    // Who puts it forward has a part in it, and approves it no more than who made it.
    contributors: [...new Set([...release.contributors, actor.id])],
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'release', record: submitted },
        { kind: 'releaseManifest', record: manifest },
      ],
      events: [
        {
          ...{ type: 'release-submitted', at: now, actor },
          subjects: [release.id, release.product],
          facts: {
            ...{ revision: release.revision, manifestSha256: manifest.sha256.toHex() },
            plan: signing.signing.plan,
          },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', release: submitted }
}

/** The draft that is put forward; it is one again when what would be signed is not what was put forward. */
async function draftOf(
  release: Release,
  parts: readonly ReleasePart[],
  actor: Actor,
  ports: ReleasePorts,
): Promise<ReleaseChanged> {
  if (release.state === 'draft') return { kind: 'changed', release }
  const isOpen = release.state === 'submitted' || release.state === 'approved'
  const other = isOpen ? await refuseOtherPlan(release, parts, ports.ledger) : undefined
  if (other === undefined)
    return refuse('release-state-wrong', `${release.id} is ${release.state}; a draft is submitted`)
  // What devices get is the same: a digest that was signed before a key ended is one of it still.
  return reopen(release, { keepsSigned: true, facts: { act: 'plan' } }, actor, ports)
}

/**
 * Why a release cannot be signed with what it has, if so: an artefact whose octets are not here, or a document
 * that is of something else, which it may have become since it was attached.
 */
export async function checkParts(
  release: Release,
  parts: readonly ReleasePart[],
  ports: ReleasePorts,
): Promise<Refused | undefined> {
  if (!parts.some(isContent))
    return refuse('artefact-missing', `${release.id} has no artefact; attach what devices get`)
  for (const part of parts) {
    const { role, name, sha256, octets } = part
    if (role === 'test' || isByDigest(part)) continue
    if ((await ports.artefacts.size(sha256)) !== octets)
      return refuse('artefact-missing', `the octets of ${role} ${name} are not here`)
    if (role === 'artefact') continue
    const read = await judgeDocument(part, release, parts, ports)
    if (read.kind === 'refused') return read
  }
  return undefined
}
