// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, Enforcement, RevocationRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { certificatesOf } from './wish.ts'

interface OwnerPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/** Owners that are told in one message: their certificates fill some hundred kilobytes. */
const mostInBatch = 100

/** Some of the owners of an enforcement, each of them once in all pages together. */
export interface OwnerPage {
  readonly owners: readonly string[]
  /** Where the next page begins; null: this is the last. */
  readonly next: string | null
}

/**
 * One page of those whom an enforcement is about: the owner that it names; the owners of all certificates whose
 * last act is its own, and the device that the act chose, though it may have none; or, where it is nobody's act,
 * the owners of all certificates that were ended before their time, as far as that has not come.
 */
export async function ownersOf(
  { owner, after }: Pick<Enforcement, 'owner' | 'after'>,
  revocation: RevocationRecord | undefined,
  ports: OwnerPorts,
): Promise<OwnerPage> {
  if (owner !== null) return { owners: [owner], next: null }
  return revocation === undefined
    ? ownersOfEnded(after, ports)
    : ownersOfAct(revocation, after, ports)
}

async function ownersOfAct(
  { id, chosen }: RevocationRecord,
  after: string | null,
  ports: OwnerPorts,
): Promise<OwnerPage> {
  const { items, next } = await ports.ledger.list('certificate', {
    ...{ by: 'revocation', equal: [id], limit: mostInBatch },
    ...(after !== null && { after }),
  })
  const device = chosen['device']
  const first = after === null && device !== undefined ? [device] : []
  const others = items.filter(({ owner }) => owner !== device)
  const isOfAct = ({ revocation }: CertificateRecord) => revocation === id
  return { owners: [...first, ...(await firstOnly(others, isOfAct, ports))], next }
}

/** Walked one after the other; a cursor says in which list it stands. */
const endedStates = ['revoked', 'held'] as const

async function ownersOfEnded(after: string | null, ports: OwnerPorts): Promise<OwnerPage> {
  const { ledger, clock } = ports
  const [place = '0', cursor = ''] = after?.split(' ') ?? []
  const index = Number(place)
  const state = endedStates[index]
  if (state === undefined) return { owners: [], next: null }
  const now = clock.now()
  const { items, next } = await ledger.list('certificate', {
    ...{ by: 'state', equal: [state], from: now, limit: mostInBatch },
    ...(cursor !== '' && { after: cursor }),
  })
  const isEnded = (one: CertificateRecord) =>
    (one.state === 'revoked' || one.state === 'held') &&
    Temporal.Instant.compare(one.notAfter, now) >= 0
  const owners = await firstOnly(items, isEnded, ports)
  if (next !== null) return { owners, next: `${index} ${next}` }
  return { owners, next: index + 1 < endedStates.length ? `${index + 1} ` : null }
}

/** The owners whose newest certificate among those meant is on this page: on no other page they come again. */
async function firstOnly(
  page: readonly CertificateRecord[],
  isMeant: (certificate: CertificateRecord) => boolean,
  ports: OwnerPorts,
): Promise<readonly string[]> {
  const onPage = new Set(page.map(({ id }) => id))
  const owners: string[] = []
  for (const owner of new Set(page.map((one) => one.owner))) {
    const newest = (await certificatesOf(owner, ports)).find(isMeant)
    if (newest === undefined || onPage.has(newest.id)) owners.push(owner)
  }
  return owners
}
