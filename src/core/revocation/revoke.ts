// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'

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
}

/** How often a revocation is put together anew if its device was doing something at the same moment. */
const mostTries = 5

/**
 * Revokes one certificate, for good.
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

async function tryToRevoke(
  { id, reason, because }: Revocation,
  actor: Actor,
  { ledger, clock }: RevokingPorts,
): Promise<Revoked> {
  // Read before all else: what happens to the device from here on makes the commit fail.
  const certificate = await ledger.read('certificate', id)
  if (certificate === undefined) return refuse('not-found', `no certificate ${id}`)
  if (certificate.state === 'revoked' || certificate.state === 'abandoned') {
    return refuse('certificate-revoked', `it was revoked at ${certificate.revokedAt}`)
  }
  if (certificate.kind === 'root') {
    return refuse('not-permitted', 'a root is not revoked but taken out of the anchor sets')
  }
  const isStolen = reason === 'keyCompromise'
  const stops = certificate.kind !== 'link' || isStolen
  const owner = await heldUp(certificate.owner, ledger, stops)
  const end = {
    ...{ at: clock.now(), actor, crlReason: revocationReasons[reason] },
    facts: { reason, because },
  }
  const ended = [certificate, ...(isStolen ? await othersOfKey(certificate, ledger) : [])].map(
    (one) => endCertificate(one, end),
  )
  const committed = await ledger.commit({
    puts: [
      ...ended.map(({ put }) => put),
      ...owner,
      ...(isStolen ? await compromised(certificate.key, ledger) : []),
    ],
    events: ended.map(({ event }) => event),
  })
  return committed.kind === 'committed'
    ? { kind: 'revoked', certificate: ended[0]?.record ?? certificate }
    : refuse('conflict', 'its owner was changed at the same moment; look again')
}

/**
 * A device's record goes up by a version, so that no renewal that was decided before counts after; an
 * authority stops issuing, if that is what was revoked.
 */
export async function heldUp(owner: string, ledger: Ledger, stops = true): Promise<readonly Put[]> {
  const device = owner.startsWith('dev_') ? await ledger.read('device', owner) : undefined
  if (device !== undefined) {
    return [{ kind: 'device', record: { ...device, version: device.version + 1 } }]
  }
  const authority = owner.startsWith('aut_') ? await ledger.read('authority', owner) : undefined
  if (authority === undefined) return []
  const version = authority.version + 1
  const state = stops ? 'issuing-stopped' : authority.state
  return [{ kind: 'authority', record: { ...authority, version, state } }]
}

async function othersOfKey(
  { id, key, owner }: CertificateRecord,
  ledger: Ledger,
): Promise<readonly CertificateRecord[]> {
  const others: CertificateRecord[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ by: 'owner', equal: [owner], where: { key }, limit: 1000 },
      ...(after && { after }),
    })
    others.push(...page.items.filter((one) => one.id !== id && isRevocable(one)))
    after = page.next
  } while (after !== null)
  return others
}

/** A root is on no list: it is taken out of what devices are told. */
function isRevocable({ kind, revokedAt }: CertificateRecord): boolean {
  return kind !== 'root' && revokedAt === null
}

async function compromised(keyId: string, ledger: Ledger): Promise<readonly Put[]> {
  const key = await ledger.read('key', keyId)
  if (key === undefined || key.state === 'compromised') return []
  return [{ kind: 'key', record: { ...key, version: key.version + 1, state: 'compromised' } }]
}
