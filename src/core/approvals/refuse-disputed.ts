// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from '../releases/ports.ts'
import { judgeRelease } from './judge-release.ts'

/** Why what was signed may not be given to devices, if so: who reviewed the emergency did not agree. */
export async function refuseDisputed(
  release: Release,
  ports: ReleasePorts,
): Promise<Refused | undefined> {
  const { verdict } = await judgeRelease(release, ports)
  return verdict === 'refused'
    ? refuse('release-not-approved', 'a person who reviewed it signed that it must not go out')
    : undefined
}
