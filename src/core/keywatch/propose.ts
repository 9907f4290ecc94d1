// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import type { WeaknessName } from '#trust/weak-keys/weaknesses.ts'
import { onNoList } from '../ledger/shards.ts'
import type { Refused } from '../refusal.ts'
import type { ActPorts } from '../revocation/acts/ask.ts'
import { type Preview, previewAct } from '../revocation/acts/preview.ts'
import type { Group } from './group.ts'

/** A command for a person, and why it comes at this place. */
export interface ProposedStep {
  readonly why: string
  readonly command: string
}

/** What acting on a cause would end, and how people would do it. */
export interface Proposal {
  readonly kind: 'proposal'
  /** Undefined: no act on a set may touch them, as they are of authorities. */
  readonly preview: Preview | undefined
  readonly steps: readonly ProposedStep[]
}

/** Within so many hours devices are asked to make other keys, before those that they have are not believed any more. */
const renewalHours = 24

/**
 * Proposes to end trust in all keys of a cause: devices first make other keys, so that none falls silent, and then the
 * very set that is counted here is ended. It asks for nothing by itself.
 *
 * @returns a refusal where nothing of it can be chosen any more
 */
export async function proposeEnding(group: Group, ports: ActPorts): Promise<Proposal | Refused> {
  const cause = group.cause.toHex()
  const preview = await previewAct(
    { act: 'end', chosen: { cause } },
    ({ shard }) => shard === onNoList,
    ports,
  )
  const ofAuthorities = group.authorities.map((id) => authorityStep(id, group.kind))
  if (preview.kind === 'preview')
    return {
      kind: 'proposal',
      preview,
      steps: [...stepsOf(group, cause, preview), ...ofAuthorities],
    }
  if (ofAuthorities.length === 0) return preview
  return { kind: 'proposal', preview: undefined, steps: ofAuthorities }
}

function authorityStep(id: string, kind: WeaknessName): ProposedStep {
  return {
    why: 'one of the keys is that of an authority: replace it first (docs/guides/replace-a-compromised-authority.md), and two people end it',
    command: `vitalsign authority revoke ${id} --reason keyCompromise --because "${wordsOf(kind)}"`,
  }
}

function stepsOf(
  { kind, cohorts }: Group,
  cause: string,
  preview: Preview,
): readonly ProposedStep[] {
  if (preview.certificates === 0) return []
  const without = preview.withoutIdentity
  const steps = (without === 0 ? [] : cohorts).map(
    ({ product, lot }, at): ProposedStep => ({
      why:
        at === 0
          ? `${without} ${without === 1 ? 'device has' : 'devices have'} no other identity: have them make other keys first, and mend how they make them`
          : 'and those that have the others',
      command: `vitalsign renewal order --product ${shellWord(product)}${lot === null ? '' : ` --lot ${shellWord(lot)}`} --within ${renewalHours} --because "${wordsOf(kind)}"`,
    }),
  )
  return [
    ...steps,
    {
      why: 'see what would stop working; it changes nothing',
      command: `vitalsign revocation preview --cause ${cause}`,
    },
    {
      why: `end trust in the ${preview.certificates} certificates, for good`,
      command: `vitalsign revocation end --cause ${cause} --reason keyCompromise --because "${wordsOf(kind)}" --set ${preview.set.toHex()}`,
    },
  ]
}

function wordsOf(kind: WeaknessName): string {
  return `their keys are weak: ${kind}`
}
