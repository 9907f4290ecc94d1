// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Clock, Randomness } from '../ports.ts'
import { revocationReasons } from '../revocation/revoke.ts'

/**
 * So long our own doors accept a certificate after the one that replaced it was proven: a device that loses what it
 * wrote last falls back and renews once more within its usual day (it asks once a day at least).
 */
export const retiringGrace = Temporal.Duration.from({ hours: 24 })

/** A device that renewed this often without ever using what it got has other troubles. */
const mostReplaced = 10

interface RetiringPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * What becomes of the certificates that one replaces which has just proved itself in a live connection: they
 * retire, or are revoked where their profile wants that of a changed key. To be committed with the proof.
 *
 * One of another profile is a further identity and stays. No list tells of a retired one: otherwise each
 * renewal would make an entry.
 */
export async function retireReplaced(
  proved: CertificateRecord,
  actor: Actor,
  ports: RetiringPorts,
): Promise<{ readonly puts: readonly Put[]; readonly events: readonly AuditEvent[] }> {
  const replaced = await replacedBy(proved, ports.ledger)
  const changes = replaced.some(({ key }) => key !== proved.key)
  const revokes = changes && (await revokesOldKeys(proved.profile, ports.ledger))
  const puts: Put[] = []
  const events: AuditEvent[] = []
  const old = replaced.filter(({ key }) => revokes && key !== proved.key)
  for (const one of replaced) {
    if (old.includes(one)) continue
    const retired = retireCertificate(one, proved, actor, ports.clock.now())
    puts.push(retired.put)
    events.push(retired.event)
  }
  if (old.length === 0) return { puts, events }
  const at = ports.clock.now()
  const because = `the key was changed: ${proved.id} proved itself`
  const act = effectiveAct(
    {
      ...{ act: 'end', chosen: { owner: proved.owner }, reason: 'superseded', because },
      ...{ certificates: old, by: actor.id, at },
    },
    ports,
  )
  const end = {
    ...{ at, actor, crlReason: revocationReasons.superseded, revocation: act.id },
    facts: { reason: 'superseded', because },
  }
  // Its sessions go on: the device has proved itself with the new key at this very moment.
  const ended = old.map((one) => endCertificate(one, end))
  return {
    puts: [...puts, { kind: 'revocation', record: act }, ...ended.map(({ put }) => put)],
    events: [
      ...events,
      toldOfAct('revocation-effective', act, actor, at),
      ...ended.map(({ event }) => event),
    ],
  }
}

/** Those before it, back to the last one that is over already. */
async function replacedBy(
  { replaces, profile }: CertificateRecord,
  ledger: Ledger,
): Promise<readonly CertificateRecord[]> {
  const found: CertificateRecord[] = []
  let id = replaces
  while (id !== null && found.length < mostReplaced) {
    const one = await ledger.read('certificate', id)
    const isOpen = one?.retiresAt === null && (one.state === 'issued' || one.state === 'held')
    if (one === undefined || !isOpen || one.profile !== profile) break
    found.push(one)
    id = one.replaces
  }
  return found
}

function retireCertificate(
  before: CertificateRecord,
  { id: replacedBy }: CertificateRecord,
  actor: Actor,
  at: Temporal.Instant,
): { readonly put: Put; readonly event: AuditEvent } {
  const retiresAt = at.add(retiringGrace)
  // What is held stays held; once it is released, it is retired.
  const state = before.state === 'held' ? 'held' : 'retired'
  const record = { ...before, version: before.version + 1, state, retiresAt } as const
  const { id, owner, authority, serialNumber } = before
  return {
    put: { kind: 'certificate', record },
    event: {
      ...{ type: 'certificate-retired', at, actor, subjects: [id, owner, authority] },
      facts: {
        serialNumber: serialNumber.toHex(),
        ...{ replacedBy, retiresAt: retiresAt.toString() },
      },
    },
  }
}

/** As the newest version of the profile says: a policy may have become stricter since. */
async function revokesOldKeys(profile: string, ledger: Ledger): Promise<boolean> {
  const { items } = await ledger.list('profile', {
    ...{ by: 'name', equal: [profile], descending: true, limit: 1 },
  })
  const parsed = items[0] && parseProfile(items[0].document)
  return parsed?.kind === 'profile' && parsed.profile.renewal?.revokesOldKey === true
}
