// SPDX-License-Identifier: Apache-2.0
import { bookRefused } from '#core/keywatch/nonces/book-signatures.ts'
import { SignatureWalk } from '#core/keywatch/nonces/walk-signatures.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import { SmallNonces } from '#trust/weak-keys/nonces/small-nonces.ts'
import type { Core } from '../core.ts'

/** The watch on nonces: one node walks what is kept, each books what its own doors refused. */
export function signatureJobs(core: Core): readonly Job[] {
  const ports = { ...core, nonceOf: new SmallNonces().find }
  const walk = new SignatureWalk(ports)
  return [
    {
      name: 'signature-watch',
      every: Temporal.Duration.from({ minutes: 1 }),
      run: async ({ signal }) => {
        await walk.run(signal)
      },
    },
    {
      name: 'refused-signatures',
      everyNode: true,
      every: Temporal.Duration.from({ minutes: 1 }),
      run: async () => {
        await bookRefused(core.signatures, ports)
      },
    },
  ]
}
