// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Rotation } from '../ledger/tables.ts'
import { type Moved, moveKey } from '../signing/end-key.ts'
import type { RotationChanged } from './begin-rotation.ts'
import { endRotation, refuseClosed } from './change-rotation.ts'
import type { RotationPorts } from './ports.ts'
import { type Progress, progressOf } from './steps.ts'

/**
 * Does what is due, and nothing that waits for something else: lets the new key sign beside the old one once its
 * anchors were shipped, and takes the old one out of use once adoption is proved. A call that was cut off is repeated.
 */
export async function advanceRotation(
  rotation: Rotation,
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<RotationChanged> {
  const closed = refuseClosed(rotation)
  if (closed !== undefined) return closed
  const progress = await progressOf(rotation, ports)
  const { from, to, next } = progress
  if (isToSign(progress)) {
    // The new one first: if power fails between, both sign.
    const moved = await moveKey(to, 'promote', because, actor, ports)
    const stepped =
      moved.kind === 'refused' ? moved : await stepDown(progress, because, actor, ports)
    return stepped.kind === 'refused' ? stepped : { kind: 'changed', rotation }
  }
  if (next !== undefined && next.name !== 'old-retired')
    return refuse('rotation-step-waits', `it is at ${next.name}: ${next.detail}`)
  if (next !== undefined) {
    if (to.state === 'next') {
      const promoted = await moveKey(to, 'promote', because, actor, ports)
      if (promoted.kind === 'refused') return promoted
    }
    const moved = await moveKey(from, 'retire', because, actor, ports)
    if (moved.kind === 'refused') return moved
  }
  return endRotation(rotation, 'done', because, actor, ports)
}

function isToSign({ to, from, next }: Progress): boolean {
  return next?.name === 'signed-with-both' && (to.state === 'next' || from.state === 'current')
}

async function stepDown(
  { from }: Progress,
  because: string,
  actor: Actor,
  ports: RotationPorts,
): Promise<Moved> {
  return from.state === 'current'
    ? moveKey(from, 'retiring', because, actor, ports)
    : { kind: 'moved', key: from }
}
