// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, Device, Enforcement } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { ShownCertificate, Want, Wish } from './port.ts'

interface WishPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/** An owner has a handful of certificates that are not past their end; one that went wild has no more named. */
const mostNamed = 1000

/** Certificates that open sessions; a birth certificate only enrols, but who trusts its root may take it. */
const sessionKinds: readonly CertificateRecord['kind'][] = ['birth', 'working', 'server', 'client']

/**
 * What is wanted of one owner now, whatever was wanted when an act was booked: carrying out an old act never
 * undoes a newer one, and carrying it out twice changes nothing.
 *
 * @returns undefined for those who have no sessions, as authorities
 */
export async function wishOf(
  owner: string,
  act: Enforcement['act'],
  ports: WishPorts,
): Promise<Wish | undefined> {
  const { ledger, clock } = ports
  if (owner.startsWith('aut_')) return undefined
  const device = owner.startsWith('dev_') ? await ledger.read('device', owner) : undefined
  const now = clock.now()
  const shown = (await certificatesOf(owner, ports)).filter((one) => isShowable(one, now))
  const want = wantOf(device, shown, act, now)
  const certificates: ShownCertificate[] = []
  for (const one of shown) {
    const encoding = await ledger.read('encoding', one.id)
    if (encoding === undefined || one.sha256 === null) continue
    const { id, sha256, serialNumber, revokedAt: endedAt, revocationReason: reason } = one
    certificates.push({ id, sha256, serialNumber, endedAt, reason, der: encoding.der })
  }
  return { owner, want, deviceSerial: device?.serial ?? null, certificates }
}

function wantOf(
  device: Device | undefined,
  shown: readonly CertificateRecord[],
  act: Enforcement['act'],
  now: Temporal.Instant,
): Want {
  const isCutOff = device?.state === 'quarantined' || device?.state === 'retired'
  if (isCutOff || !shown.some((one) => opensSessions(one, now))) return 'bar'
  return act === 'end' ? 'drop' : 'admit'
}

/** Signed, of a kind that is shown to others, and not past its end, after which it opens nothing anyway. */
function isShowable({ kind, sha256, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  const isOver = Temporal.Instant.compare(notAfter, now) < 0
  return sessionKinds.includes(kind) && sha256 !== null && !isOver
}

function opensSessions(
  { kind, state, revokedAt, retiresAt }: CertificateRecord,
  now: Temporal.Instant,
): boolean {
  if (kind === 'birth' || revokedAt !== null) return false
  if (state === 'issued') return true
  return state === 'retired' && retiresAt !== null && Temporal.Instant.compare(now, retiresAt) < 0
}

/** The newest certificates of an owner. */
export async function certificatesOf(
  owner: string,
  { ledger }: Pick<WishPorts, 'ledger'>,
): Promise<readonly CertificateRecord[]> {
  const walk = { by: 'owner', equal: [owner], descending: true, limit: mostNamed } as const
  return (await ledger.list('certificate', walk)).items
}
