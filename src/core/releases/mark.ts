// SPDX-License-Identifier: Apache-2.0
/** The two steps of a release that others decide: what they write of it, in the commit of their own act. */
import type { Actor } from '../audit/event.ts'
import type { Change } from '../ledger/ledger.ts'
import type { Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'
import { raisingLine } from './security-version.ts'

/** A submitted release has all the approvals that its policy asks for. */
export function markApproved(
  release: Release,
  approvals: number,
  actor: Actor,
  { clock }: Pick<ReleasePorts, 'clock'>,
): Change {
  return {
    puts: [
      {
        kind: 'release',
        record: { ...release, version: release.version + 1, state: 'approved' },
      },
    ],
    events: [
      {
        ...{ type: 'release-approved', at: clock.now(), actor },
        subjects: [release.id, release.product],
        facts: { approvals, manifestSha256: release.manifestSha256?.toHex() ?? null },
      },
    ],
  }
}

/**
 * An approved release was signed in every form: refused if a release with a higher security version was signed
 * while this one was on its way.
 */
export async function markSigned(
  release: Release,
  signed: number,
  actor: Actor,
  ports: Pick<ReleasePorts, 'ledger' | 'clock' | 'random'>,
): Promise<({ readonly kind: 'marked' } & Change) | Refused> {
  const line = await raisingLine(release, ports)
  if (line.kind === 'refused') return line
  const now = ports.clock.now()
  const { firmwareVersion, securityVersion, channel } = release
  return {
    kind: 'marked',
    puts: [
      {
        kind: 'release',
        record: { ...release, version: release.version + 1, state: 'signed', signedAt: now },
      },
      line,
    ],
    events: [
      {
        ...{ type: 'release-signed', at: now, actor, subjects: [release.id, release.product] },
        facts: {
          ...{ firmwareVersion, securityVersion, channel, signed },
          manifestSha256: release.manifestSha256?.toHex() ?? null,
        },
      },
    ],
  }
}
