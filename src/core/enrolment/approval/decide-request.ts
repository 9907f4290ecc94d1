// SPDX-License-Identifier: Apache-2.0

import type { Actor, AuditEvent } from '#core/audit/event.ts'
import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import type { Clock } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { sameBytes } from '#format/bytes.ts'
import { refuse } from '#trust/refusal.ts'
import { foresee } from './foresee.ts'

export type Decided = { readonly kind: 'decided'; readonly record: PendingRequest } | Refused

interface DecidingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/**
 * A person's yes to one request, to the byte.
 *
 * Nothing is issued by it: the device fetches its certificate with the same request, and policy decides
 * again then. What policy would refuse today cannot be approved.
 *
 * @param digest SHA-256 of the request that the person looked at; undefined: the record's own
 */
export async function approveRequest(
  record: PendingRequest,
  digest: Uint8Array | undefined,
  actor: Actor,
  ports: EnrolmentPorts,
): Promise<Decided> {
  const wrong = checkOpen(record, ports)
  if (wrong !== undefined) return wrong
  if (digest !== undefined && !sameBytes(digest, record.requestSha256)) {
    return refuse(
      'version-differs',
      `the request has the digest ${record.requestSha256.toHex()}, approved was ${digest.toHex()}; look again`,
    )
  }
  const foreseen = await foresee(record, ports)
  if (foreseen.kind === 'refused') return foreseen
  const at = ports.clock.now()
  // As long again as it could wait: a device may look seldom.
  const expiresAt = at.add(record.expiresAt.since(record.askedAt))
  const { name, version } = foreseen.door.profile
  return decided(
    {
      ...record,
      state: 'approved',
      expiresAt,
      ...{ profile: name, profileVersion: version, reason: null },
    },
    'request-approved',
    { actor, at },
    await codePut(record, (code) => ({ ...code, expiresAt }), ports),
    ports,
  )
}

/** A person's no, with words that the device hears too; its code, if it is still good, is given back. */
export async function turnDownRequest(
  record: PendingRequest,
  reason: string,
  actor: Actor,
  ports: DecidingPorts,
): Promise<Decided> {
  const wrong = checkOpen(record, ports)
  if (wrong !== undefined) return wrong
  return decided(
    { ...record, state: 'refused', reason },
    'request-turned-down',
    { actor, at: ports.clock.now() },
    await giveBack(record, ports),
    ports,
  )
}

/**
 * Ends the requests whose time is over, undecided or approved and never fetched.
 *
 * @returns how many there were
 */
export async function expireRequests(ports: DecidingPorts): Promise<number> {
  let count = 0
  for (const state of ['waiting', 'approved'] as const) {
    for (;;) {
      const below = ports.clock.now()
      const page = await ports.ledger.list('request', {
        ...{ by: 'state', equal: [state], below, limit: 100 },
      })
      let ended = 0
      for (const record of page.items) if (await expire(record, ports)) ended++
      count += ended
      // Who is changed at this very moment is looked at the next time.
      if (ended === 0) break
    }
  }
  return count
}

async function expire(record: PendingRequest, ports: DecidingPorts): Promise<boolean> {
  const at = ports.clock.now()
  const actor = { kind: 'job', id: 'requests-expiry' } as const
  const puts = await giveBack(record, ports)
  const ended = await decided(
    { ...record, state: 'expired' },
    'request-expired',
    { actor, at },
    puts,
    ports,
  )
  return ended.kind === 'decided'
}

function checkOpen({ state, expiresAt }: PendingRequest, { clock }: DecidingPorts) {
  if (state !== 'waiting')
    return refuse('decided-already', `the request is ${state}; only one that waits is decided`)
  return Temporal.Instant.compare(expiresAt, clock.now()) <= 0
    ? refuse('decided-already', `the request expired at ${expiresAt}`)
    : undefined
}

async function decided(
  changed: PendingRequest,
  type: AuditEvent['type'] & `request-${string}`,
  { actor, at }: { readonly actor: Actor; readonly at: Temporal.Instant },
  puts: readonly Put[],
  { ledger }: DecidingPorts,
): Promise<Decided> {
  const record = {
    ...changed,
    version: changed.version + 1,
    ...(changed.state !== 'expired' && { decidedAt: at, decidedBy: actor.id }),
  }
  const event: AuditEvent = {
    ...{ type, at, actor },
    subjects: [record.id, record.device],
    facts: {
      requestSha256: record.requestSha256.toHex(),
      profile: `${record.profile} ${record.profileVersion}`,
      ...(record.reason !== null && { reason: record.reason }),
    },
  }
  const conflict = await settle(
    { puts: [{ kind: 'request', record }, ...puts], events: [event] },
    ledger,
  )
  return conflict ?? { kind: 'decided', record }
}

type HeldCode = Extract<Put, { kind: 'code' }>['record']

async function codePut(
  record: PendingRequest,
  change: (code: HeldCode) => HeldCode,
  { ledger }: DecidingPorts,
): Promise<readonly Put[]> {
  // A ticket is a code as well.
  if (record.proof !== 'code' && record.proof !== 'tpm') return []
  const code = await ledger.read('code', record.credential)
  // It was given the end of the request; one that a newer code ended before that stays ended.
  const isHeld =
    code?.heldFor === record.id &&
    code.usedAt === null &&
    Temporal.Instant.compare(code.expiresAt, record.expiresAt) >= 0
  return isHeld ? [{ kind: 'code', record: { ...change(code), version: code.version + 1 } }] : []
}

/** The code goes back to its device, with the end that it had before. */
function giveBack(record: PendingRequest, ports: DecidingPorts): Promise<readonly Put[]> {
  const expiresAt = record.codeExpiresAt ?? ports.clock.now()
  return codePut(record, (code) => ({ ...code, heldFor: null, expiresAt }), ports)
}
