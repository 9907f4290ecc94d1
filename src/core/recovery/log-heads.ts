// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { refuse } from '#trust/refusal.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyCheckpoint } from '#trust/tlog/verify-checkpoint.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { LogHeadRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { Restore } from './epoch.ts'

export interface HeadPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly restores: readonly Restore[]
  /** The log's key, Ed25519, 32 bytes: the same in every epoch. */
  readonly logKey: Uint8Array
}

export type AddedHead = { readonly kind: 'added'; readonly head: LogHeadRecord } | Refused

/**
 * Keeps a checkpoint of a time that a restore lost: the proof, signed with our own key, that there was a
 * history which this ledger does not have.
 */
export async function addLostHead(
  note: string,
  actor: Actor,
  ports: HeadPorts,
): Promise<AddedHead> {
  for (const restore of ports.restores) {
    const verified = verify(note, restore.logOrigin, ports.logKey)
    if (verified.kind === 'refused') continue
    const { size, root } = verified.checkpoint
    if (size <= restore.logSize) {
      const detail = `the checkpoint is of ${size} events, ${restore.logSize} were restored: nothing of it is lost`
      return refuse('input-wrong', detail)
    }
    return keep({ note, restore, size, root }, actor, ports)
  }
  return refuse(
    'signature-wrong',
    "the checkpoint is not signed with this log's key under a name that it had before a restore",
  )
}

function verify(note: string, origin: string, key: Uint8Array) {
  try {
    return verifyCheckpoint(note, noteKeyOf(origin, key))
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('signature-wrong', cause.message)
  }
}

interface Lost {
  readonly note: string
  readonly restore: Restore
  readonly size: number
  readonly root: Uint8Array
}

async function keep({ note, restore, size, root }: Lost, actor: Actor, ports: HeadPorts) {
  const at = ports.clock.now()
  const head: LogHeadRecord = {
    ...{ id: newId('logHead', ports), version: 1, kind: 'lost', epoch: restore.epoch - 1 },
    ...{ origin: restore.logOrigin, size, root, checkpoint: note },
    ...{ addedBy: actor.id, addedAt: at },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'logHead', record: head }],
      events: [
        {
          type: 'log-head-added',
          at,
          actor,
          subjects: [head.id],
          facts: { epoch: head.epoch, origin: head.origin, size, root: root.toHex() },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? ({ kind: 'added', head } as const)
}
