// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { approvalsInForce } from './approvals-of.ts'
import type { ReleaseChanged } from './create.ts'
import type { ReleasePorts } from './ports.ts'

/** A change of what a release is or has. */
export interface ReleaseEdit {
  /** What is different from now on. */
  readonly terms?: Partial<Release>
  /** What is written beside it. */
  readonly puts?: readonly Put[]
  /** Who has a part in it besides the one who asks: who sent the octets. */
  readonly contributors?: readonly string[]
  /**
   * What was signed of it stays what it is, and a part of it: how the rest is signed changes, since a key has ended.
   * People approve all of it anew.
   */
  readonly keepsSigned?: boolean
  /** For the event: which act, and what it concerns. */
  readonly facts: AuditEvent['facts']
}

/** Why nothing of a release may be changed any more, if so. */
export function checkOpen({ id, state }: Release): Refused | undefined {
  if (state === 'draft' || state === 'submitted' || state === 'approved') return undefined
  return refuse(
    'release-final',
    `${id} is ${state}: nothing of it is changed any more; make another, and withdraw this one`,
  )
}

/** What was signed of it cannot be taken back, be it a digest alone: it would stand for what people did not approve. */
async function checkUnsigned({ id }: Release, ledger: Ledger): Promise<Refused | undefined> {
  const walk = { by: 'release', equal: [id], limit: 1 } as const
  const [signed] = (await ledger.list('signedArtefact', walk)).items
  if (signed === undefined) return undefined
  return refuse(
    'release-final',
    `the digest of an artefact of ${id} was signed (${signed.name}): nothing of it is changed any more, but for how the rest is signed; make another, and withdraw this one`,
  )
}

/**
 * Changes a release in the one way there is: it counts up, leads back to draft, and voids every approval, all in
 * one commit. What was approved is never what is signed later with something else in it.
 */
export async function reopen(
  release: Release,
  { terms = {}, puts = [], contributors = [], keepsSigned = false, facts }: ReleaseEdit,
  actor: Actor,
  { ledger, clock }: Pick<ReleasePorts, 'ledger' | 'clock'>,
): Promise<ReleaseChanged> {
  const final =
    checkOpen(release) ?? (keepsSigned ? undefined : await checkUnsigned(release, ledger))
  if (final !== undefined) return final
  const now = clock.now()
  const because = `the release was changed after revision ${release.revision}`
  const voided = (await approvalsInForce(release.id, ledger)).map(
    (approval): Put => ({
      kind: 'approval',
      record: {
        ...{ ...approval, version: approval.version + 1, standing: null },
        ...{ voidedAt: now, voidedBecause: because },
      },
    }),
  )
  const changed: Release = {
    ...{ ...release, ...terms, version: release.version + 1, revision: release.revision + 1 },
    ...{ state: 'draft', manifestSha256: null, submittedAt: null },
    contributors: [...new Set([...release.contributors, ...contributors, actor.id])],
  }
  const { revision } = changed
  const refused = await settle(
    {
      puts: [{ kind: 'release', record: changed }, ...voided, ...puts],
      events: [
        {
          ...{ type: 'release-changed', at: now, actor },
          subjects: [release.id, release.product],
          facts: { ...facts, revision, from: release.state, approvalsVoided: voided.length },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', release: changed }
}
