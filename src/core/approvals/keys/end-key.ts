// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '#core/audit/event.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Approval, ApproverKey, Release } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { ApprovalPorts } from '../ports.ts'
import { voided } from '../void.ts'
import { type KeyChanged, toldOfKey } from './register-key.ts'

/** Approvals by one key that are looked at; more for releases that are not signed yet is no person. */
const mostApprovals = 1_000

/** Releases whose approvals are void move at the same moment for other reasons; ending a key cannot wait for that. */
const mostTries = 5

/**
 * Ends a key for ever. What it said of releases that are not signed yet is void in the same commit, since whoever
 * stole it may have said that; what was signed before stays as it is.
 */
export async function endKey(
  { id }: Pick<ApproverKey, 'id'>,
  because: string,
  actor: Actor,
  ports: ApprovalPorts,
): Promise<KeyChanged> {
  for (let tries = 1; ; tries++) {
    const key = await ports.ledger.read('approverKey', id)
    if (key === undefined) return refuse('not-found', `nothing here has the id ${id}`)
    const ended = await endOnce(key, because, actor, ports)
    if (ended.kind !== 'refused' || ended.reason !== 'conflict' || tries === mostTries) return ended
  }
}

/** Keys that one person had at once; more is no person. */
const mostKeys = 100

/**
 * Ends the keys of somebody who left: what they would sign later counts nowhere, also where nobody asks us. Doing it
 * twice does no harm.
 */
export async function endKeysOf(
  person: string,
  because: string,
  actor: Actor,
  ports: ApprovalPorts,
): Promise<Refused | undefined> {
  for (const state of ['active', 'waiting'] as const) {
    const { items } = await ports.ledger.list('approverKey', {
      ...{ by: 'person', equal: [person, state], limit: mostKeys },
    })
    for (const key of items) {
      const ended = await endKey(key, because, actor, ports)
      if (ended.kind === 'refused') return ended
    }
  }
  return undefined
}

async function endOnce(
  before: ApproverKey,
  because: string,
  actor: Actor,
  ports: ApprovalPorts,
): Promise<KeyChanged> {
  if (before.state === 'ended') return { kind: 'changed', key: before }
  const { ledger, clock } = ports
  const now = clock.now()
  const key: ApproverKey = {
    ...{ ...before, version: before.version + 1, state: 'ended' },
    ...{ endedBy: actor.id, endedAt: now, endedBecause: because },
  }
  const known = await ledger.read('key', before.key)
  const open = await openApprovals(before, ports)
  const puts: Put[] = [{ kind: 'approverKey', record: key }]
  if (known?.state === 'active')
    puts.push({
      kind: 'key',
      record: { ...known, version: known.version + 1, state: 'retired' },
    })
  const events: AuditEvent[] = [
    toldOfKey('approver-key-ended', key, actor, now, { because, voided: open.length }),
  ]
  for (const { approval, release } of open) {
    puts.push(...voided([approval], `the key ended: ${because}`, now))
    events.push({
      ...{ type: 'release-approval-voided', at: now, actor },
      subjects: [release.id, approval.id, key.id],
      facts: { because: 'the key ended' },
    })
    // What it stood on is gone: it waits again for those who have to agree.
    if (release.state === 'approved') puts.push(asSubmitted(release))
  }
  const refused = await settle({ puts, events }, ledger)
  return refused ?? { kind: 'changed', key }
}

function asSubmitted(release: Release): Put {
  return {
    kind: 'release',
    record: { ...release, version: release.version + 1, state: 'submitted' },
  }
}

async function openApprovals(
  { id }: ApproverKey,
  { ledger }: ApprovalPorts,
): Promise<readonly { readonly approval: Approval; readonly release: Release }[]> {
  const { items } = await ledger.list('approval', {
    ...{ by: 'key', equal: [id], descending: true, limit: mostApprovals },
  })
  const open: { readonly approval: Approval; readonly release: Release }[] = []
  for (const approval of items) {
    // A no stays a no: it is not taken back by who holds the key.
    if (approval.voidedAt !== null || approval.act === 'refuse') continue
    const release = await ledger.read('release', approval.release)
    if (release?.state === 'submitted' || release?.state === 'approved')
      open.push({ approval, release })
  }
  return open
}
