// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { settle } from '../ledger/settle.ts'
import type { Release } from '../ledger/tables.ts'
import type { ReleaseChanged } from './create.ts'
import type { ReleasePorts } from './ports.ts'

/** Ends a release for good, whatever its state; what was signed keeps its signatures, and its version stays taken. */
export async function withdrawRelease(
  release: Release,
  because: string,
  actor: Actor,
  { ledger, clock }: Pick<ReleasePorts, 'ledger' | 'clock'>,
): Promise<ReleaseChanged> {
  if (release.state === 'withdrawn')
    return refuse('release-state-wrong', `${release.id} is withdrawn already`)
  const now = clock.now()
  const withdrawn: Release = {
    ...{ ...release, version: release.version + 1, state: 'withdrawn', withdrawnAt: now, because },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'release', record: withdrawn }],
      events: [
        {
          ...{ type: 'release-withdrawn', at: now, actor },
          subjects: [release.id, release.product],
          facts: { from: release.state, firmwareVersion: release.firmwareVersion, because },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', release: withdrawn }
}
