// SPDX-License-Identifier: Apache-2.0
import { expireSessions } from '#core/attestation/expire.ts'
import { longestSigning, recoverReserved } from '#core/authority/abandon.ts'
import { expireRequests } from '#core/enrolment/approval/decide-request.ts'
import { collectArtefacts, sweepArtefacts } from '#core/releases/collect.ts'
import { carryOutAll } from '#core/revocation/acts/carry-out.ts'
import { settlePublished } from '#core/revocation/settle-published.ts'
import { watchEmergencies } from '#core/watch/emergencies.ts'
import { watchRevocations } from '#core/watch/revocations.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import type { Core } from './core.ts'
import { tellWrongClocks } from './nodes/tell-clocks.ts'
import { tellSilentNodes } from './nodes/tell-silent.ts'
import { beatEvery } from './nodes/this-node.ts'
import { renewResponders } from './ocsp.ts'

/** Work that the fronts do on time's word. */
export interface TimedWork {
  renewIdentity(): Promise<void>
  /** Gives this node's sign of life. */
  beat(): Promise<void>
}

/** The job table of the house. */
export function jobsOf(core: Core, work: TimedWork): readonly Job[] {
  return [
    {
      name: 'crl-refresh',
      // What a great list lacks is on its delta after so long.
      every: Temporal.Duration.from({ minutes: 5 }),
      run: () => core.shelf.refresh(core.doors.own),
    },
    {
      name: 'ocsp-responders',
      every: Temporal.Duration.from({ hours: 1 }),
      run: ({ signal }) => renewResponders(core, signal),
    },
    {
      name: 'anchor-sets',
      every: Temporal.Duration.from({ minutes: 10 }),
      run: () => core.anchors.refresh(),
    },
    {
      name: 'status-files',
      every: Temporal.Duration.from({ minutes: 1 }),
      run: () => core.statusFiles.refresh(),
    },
    {
      name: 'requests-expiry',
      every: Temporal.Duration.from({ minutes: 30 }),
      run: async () => {
        await expireRequests(core)
      },
    },
    {
      name: 'attestation-sessions',
      every: Temporal.Duration.from({ minutes: 5 }),
      run: async () => {
        await expireSessions(core)
      },
    },
    {
      name: 'recovery',
      every: Temporal.Duration.from({ minutes: 1 }),
      run: async () => {
        await recoverReserved(core, core.clock.now().subtract(longestSigning))
      },
    },
    {
      name: 'revocations',
      every: Temporal.Duration.from({ minutes: 1 }),
      run: async ({ signal }) => {
        await carryOutAll(core, signal)
        await settlePublished(core)
        await watchRevocations(core)
      },
    },
    {
      name: 'artefacts',
      every: Temporal.Duration.from({ hours: 1 }),
      run: ({ signal }) => collectArtefacts(core, signal),
    },
    {
      name: 'artefacts-sweep',
      // Each node has what lies with it, or all have one directory and one of them is the first.
      everyNode: true,
      every: Temporal.Duration.from({ hours: 1 }),
      run: () => sweepArtefacts(core),
    },
    {
      name: 'emergencies',
      every: Temporal.Duration.from({ minutes: 5 }),
      run: () => watchEmergencies(core),
    },
    {
      name: 'node',
      everyNode: true,
      every: beatEvery,
      run: async () => {
        await work.beat()
        await tellSilentNodes(core.thisNode, core)
        await tellWrongClocks(core.thisNode, core)
      },
    },
    {
      name: 'server-identity',
      everyNode: true,
      every: Temporal.Duration.from({ hours: 1 }),
      run: () => work.renewIdentity(),
    },
    {
      name: 'refusals-flush',
      everyNode: true,
      every: Temporal.Duration.from({ minutes: 1 }),
      run: () => core.refusals.flush(),
    },
  ]
}
