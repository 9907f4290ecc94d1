// SPDX-License-Identifier: Apache-2.0
import { type Checkpoint, parseCheckpoint } from '#format/tlog/checkpoint.ts'
import type { NoteKey } from '#format/tlog/note-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { verifyNote } from './note.ts'

export type CheckpointVerdict =
  | { readonly kind: 'verified'; readonly checkpoint: Checkpoint }
  | Refused

/**
 * Whether this is a checkpoint of the log whose key it is: signed by it, and of its origin.
 *
 * @throws FormatError if it is not a signed note with a checkpoint in it
 * @see C2SP tlog-checkpoint
 */
export function verifyCheckpoint(note: string, key: NoteKey): CheckpointVerdict {
  const verdict = verifyNote(note, key)
  if (verdict.kind === 'refused') return verdict
  const checkpoint = parseCheckpoint(verdict.text)
  if (checkpoint.origin !== key.name) {
    const detail = `the checkpoint is of ${checkpoint.origin}, the key of ${key.name}`
    return refuse('signature-wrong', detail)
  }
  return { kind: 'verified', checkpoint }
}
