// SPDX-License-Identifier: Apache-2.0
import { bookRefused } from '#core/keywatch/nonces/book-signatures.ts'
import { SignatureWalk } from '#core/keywatch/nonces/walk-signatures.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import type { KeyList } from '#trust/weak-keys/lists/key-list.ts'
import { SmallNonces } from '#trust/weak-keys/nonces/small-nonces.ts'
import { scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import type { Core } from '../core.ts'

/** The lists of this node, as far as this room asks them. */
export interface NonceLists {
  readonly lists: readonly KeyList[]
}

/** The watch on nonces: one node walks what is kept, each books what its own doors refused. */
export function signatureJobs(core: Core, lists: NonceLists): readonly Job[] {
  const scalars = () => lists.lists.find(({ head }) => head.name === scalarListName)
  const ports = {
    ...core,
    nonceOf: new SmallNonces(scalars).find,
    nonceTable: () => scalars()?.head.sha256.toHex() ?? '',
  }
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
