// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'
import { checkSecurityVersion } from './security-version.ts'

/** What may still be changed of a release, until it is signed. */
export interface ReleaseTerms {
  readonly firmwareVersion: string
  readonly securityVersion: number
  readonly kind: Release['kind']
  readonly channel: string
  readonly supportUntil: Temporal.Instant | null
}

export interface NewRelease extends ReleaseTerms {
  readonly product: string
  /** Undefined: that of the installation, and no other is possible. */
  readonly environment: Release['environment'] | undefined
}

export type ReleaseChanged = { readonly kind: 'changed'; readonly release: Release } | Refused

/** Begins a release, with nothing attached to it yet. */
export async function createRelease(
  { environment, ...asked }: NewRelease,
  actor: Actor,
  ports: Omit<ReleasePorts, 'artefacts'>,
): Promise<ReleaseChanged> {
  const { ledger, clock } = ports
  const product = await ledger.read('product', asked.product)
  if (product === undefined) return refuse('not-found', `nothing here has the id ${asked.product}`)
  if (environment !== undefined && environment !== ports.environment)
    return refuse(
      'environment-wrong',
      `this installation is of ${ports.environment} and releases nothing of ${environment}`,
    )
  const terms = { ...asked, environment: ports.environment }
  const falls = await checkSecurityVersion(terms, ledger)
  if (falls !== undefined) return falls
  const now = clock.now()
  const release: Release = {
    ...{ id: newId('release', ports), version: 1, ...terms, state: 'draft', revision: 1 },
    ...{ manifestSha256: null, contributors: [actor.id], createdBy: actor.id, createdAt: now },
    ...{ submittedAt: null, signedAt: null, publishedAt: null, withdrawnAt: null, because: null },
  }
  const { firmwareVersion, securityVersion, kind, channel } = release
  const refused = await settle(
    {
      puts: [{ kind: 'release', record: release }],
      events: [
        {
          ...{ type: 'release-created', at: now, actor, subjects: [release.id, product.id] },
          facts: {
            firmwareVersion,
            securityVersion,
            kind,
            channel,
            environment: ports.environment,
          },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', release }
}
