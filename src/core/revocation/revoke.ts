// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { effectiveAct, toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsOf } from '../enforcement/enqueue.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { heldUp, linksChanged, stopped } from './held-up.ts'
import { compromised, othersOfKeys } from './stolen-key.ts'

/** CRLReason, RFC 5280 section 5.3.1; the ones that an operator may give. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const

export type RevocationReason = keyof typeof revocationReasons

export interface Revocation {
  /** The certificate's id. */
  readonly id: string
  readonly reason: RevocationReason
  /** What happened, for the log. */
  readonly because: string
}

export type Revoked =
  | { readonly kind: 'revoked'; readonly certificate: CertificateRecord }
  | Refused

interface RevokingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** How often a revocation is put together anew if its device was doing something at the same moment. */
const mostTries = 5

/**
 * Revokes one certificate, for good; one that is revoked already stays as it is.
 *
 * With keyCompromise all certificates of its key go, and the key is never certified again. With the
 * certificate of an issuing authority, that authority issues nothing more; a link between roots is told to no
 * device any more, and only a stolen key stops the root that it leads to. It is refused at our own
 * doors from the moment this resolves; a CRL says it to others once it is published.
 */
export async function revoke(
  revocation: Revocation,
  actor: Actor,
  ports: RevokingPorts,
): Promise<Revoked> {
  for (let tries = 1; ; tries++) {
    const revoked = await tryToRevoke(revocation, actor, ports)
    if (revoked.kind !== 'refused' || revoked.reason !== 'conflict') return revoked
    if (tries === mostTries) return revoked
  }
}

/**
 * Revokes the one certificate of an act that runs, as above, and says with it that the act is in force.
 *
 * @returns a refusal if somebody else moved the act meanwhile
 */
export async function revokeUnder(
  record: RevocationRecord,
  revocation: Revocation,
  actor: Actor,
  ports: RevokingPorts,
): Promise<Revoked> {
  return tryToRevoke(revocation, actor, ports, record)
}

async function tryToRevoke(
  { id, reason, because }: Revocation,
  actor: Actor,
  ports: RevokingPorts,
  under?: RevocationRecord,
): Promise<Revoked> {
  const { ledger, clock } = ports
  // Read before all else: what happens to the device from here on makes the commit fail.
  const certificate = await ledger.read('certificate', id)
  if (certificate === undefined) return refuse('not-found', `no certificate ${id}`)
  if (certificate.kind === 'root') {
    return refuse('not-permitted', 'a root is not revoked but taken out of the anchor sets')
  }
  const isStolen = reason === 'keyCompromise'
  const stops = certificate.kind !== 'link' || isStolen
  const owner = [
    ...(await heldUp([certificate], ledger)),
    ...(await (stops ? stopped : linksChanged)([certificate], ledger)),
  ]
  const meant = [
    certificate,
    ...(isStolen ? await othersOfKeys([certificate], ledger) : []),
  ].filter(({ state }) => state !== 'revoked' && state !== 'abandoned')
  const keys = isStolen ? await compromised([certificate], ledger) : []
  // That a key was stolen may be learnt of what is revoked long since: then the key ends.
  if (meant.length + keys.length === 0 && under === undefined)
    return { kind: 'revoked', certificate }
  const at = clock.now()
  const chosen = { certificate: id }
  const act =
    under === undefined
      ? effectiveAct(
          { act: 'end', chosen, reason, because, certificates: meant, by: actor.id, at },
          ports,
        )
      : inForce(under, meant.length, at)
  const end = {
    ...{ at, actor, crlReason: revocationReasons[reason] },
    ...{ facts: { reason, because }, revocation: act.id },
  }
  const ended = meant.map((one) => endCertificate(one, end))
  const committed = await ledger.commit({
    puts: [
      { kind: 'revocation', record: act },
      ...(await enforcementsOf(act.id, 'end', ports)),
      ...ended.map(({ put }) => put),
      ...owner,
      ...keys,
    ],
    events: [toldOfAct('revocation-effective', act, actor, at), ...ended.map(({ event }) => event)],
  })
  const changed = ended.find(({ record }) => record.id === id)?.record ?? certificate
  return committed.kind === 'committed'
    ? { kind: 'revoked', certificate: changed }
    : refuse('conflict', 'its owner was changed at the same moment; look again')
}

function inForce(
  act: RevocationRecord,
  certificates: number,
  at: Temporal.Instant,
): RevocationRecord {
  const done = act.done + certificates
  const times = { effectiveAt: at, unpublishedSince: at }
  return { ...act, version: act.version + 1, state: 'effective', done, ...times }
}
