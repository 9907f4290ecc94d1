// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Release } from '../ledger/tables.ts'
import type { ReleaseChanged, ReleaseTerms } from './create.ts'
import type { ReleasePorts } from './ports.ts'
import { checkOpen, reopen } from './reopen.ts'
import { checkSecurityVersion } from './security-version.ts'

/** Changes what a release says of itself; its product and environment stay what they are. */
export async function editRelease(
  release: Release,
  asked: Partial<ReleaseTerms>,
  actor: Actor,
  ports: Pick<ReleasePorts, 'ledger' | 'clock'>,
): Promise<ReleaseChanged> {
  const final = checkOpen(release)
  if (final !== undefined) return final
  const terms = { ...release, ...asked }
  const changed = Object.keys(asked).filter(
    (name) => String(Reflect.get(asked, name)) !== String(Reflect.get(release, name)),
  )
  if (changed.length === 0)
    return refuse('input-wrong', 'it is all as it was: name at least one thing to be changed')
  const falls = await checkSecurityVersion(terms, ports.ledger)
  if (falls !== undefined) return falls
  const { firmwareVersion, securityVersion, kind, channel } = terms
  const supportUntil = terms.supportUntil?.toString() ?? null
  return reopen(
    release,
    {
      terms: asked,
      facts: {
        ...{ act: 'edit', changed: changed.join(', ') },
        ...{ firmwareVersion, securityVersion, kind, channel, supportUntil },
      },
    },
    actor,
    ports,
  )
}
