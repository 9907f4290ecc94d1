// SPDX-License-Identifier: Apache-2.0
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, CrlRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** Stands in the shard column for the CRL of everything. */
export const fullCrl = -1

const day = 24

/**
 * How long a CRL is good, and at which age the next one comes though nothing changed.
 *
 * Within the CA/Browser Forum's Baseline Requirements 4.9.7: 10 days where devices are listed, 12 months
 * where authorities are; a root's key may be away for half of them.
 */
export const crlLife = {
  issuing: { goodFor: hours(8 * day), renewedAfter: hours(day) },
  root: { goodFor: hours(365 * day), renewedAfter: hours(182 * day) },
} as const

function hours(count: number): Temporal.Duration {
  return Temporal.Duration.from({ hours: count })
}

/** A number may be lost to another node this often; each time the list is made anew. */
const mostTries = 5

export interface PublishingPorts {
  readonly ledger: Ledger
  readonly keys: Pick<SigningKeys, 'sign'>
  readonly clock: Clock
  readonly random: Randomness
  /** The address under which a shard is served, as written into its certificates. */
  crlUrl(authority: string, shard: number): string
}

/** The newest CRL of an authority: full, or of one shard. */
export async function latestCrl(
  authority: string,
  shard: number,
  ledger: Ledger,
): Promise<CrlRecord | undefined> {
  const { items } = await ledger.list('crl', {
    by: 'latest',
    equal: [authority, shard],
    descending: true,
    limit: 1,
  })
  return items[0]
}

/**
 * Makes and books the next CRL of an authority.
 *
 * Its number is one more than the last one's; of two nodes that try at once, one wins the number, and
 * the other makes its list anew. RFC 5280 section 5.2.3.
 *
 * @throws Fault as `SigningKeys.sign` and `Ledger.commit` do; `store-unreachable` if others always win
 */
export async function publishCrl(
  issuer: Issuer,
  shard: number,
  ports: PublishingPorts,
): Promise<CrlRecord> {
  for (let tries = 0; tries < mostTries; tries++) {
    const record = await nextCrl(issuer, shard, ports)
    const { number, nextUpdate, der } = record
    const committed = await ports.ledger.commit({
      puts: [{ kind: 'crl', record }],
      events: [
        {
          type: 'crl-published',
          at: ports.clock.now(),
          actor: { kind: 'house', id: 'crl' },
          subjects: [record.id, record.authority],
          facts: { number, shard, nextUpdate: nextUpdate.toString(), bytes: der.length },
        },
      ],
    })
    if (committed.kind === 'committed') return record
  }
  throw new Fault('store-unreachable', `the number of a CRL was lost ${mostTries} times in a row`)
}

async function nextCrl(issuer: Issuer, shard: number, ports: PublishingPorts): Promise<CrlRecord> {
  const { authority, signatureAlgorithm } = issuer
  const before = await latestCrl(authority.id, shard, ports.ledger)
  const number = Math.max((before?.number ?? 0) + 1, authority.crlNumberFrom ?? 1)
  const thisUpdate = wholeSecond(ports.clock.now())
  const nextUpdate = earlier(thisUpdate.add(lifeOf(authority).goodFor), authority.notAfter)
  const toBeSigned = encodeTbsCrl({
    signatureAlgorithm: signatureAlgorithm.identifier,
    issuer: issuer.certificate.subject,
    thisUpdate,
    nextUpdate,
    revoked: await revokedOf(authority.id, shard, ports.ledger),
    extensions: extensionsOf(issuer, shard, number, ports),
  })
  const signature = await ports.keys.sign(issuer.keyId, toBeSigned)
  return {
    ...{ id: newId('crl', ports), version: 1, authority: authority.id, shard, number },
    der: encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature),
    ...{ thisUpdate, nextUpdate },
  }
}

/** Whether the next one is to be made though nothing changed. */
export function isCrlDue(
  { thisUpdate }: CrlRecord,
  authority: Authority,
  now: Temporal.Instant,
): boolean {
  const due = thisUpdate.add(lifeOf(authority).renewedAfter)
  return Temporal.Instant.compare(due, now) <= 0
}

function lifeOf({ kind }: Authority) {
  return crlLife[kind === 'root' ? 'root' : 'issuing']
}

function extensionsOf(
  issuer: Issuer,
  shard: number,
  number: number,
  ports: PublishingPorts,
): readonly Extension[] {
  const common = [
    encodeExtension('authorityKeyIdentifier', {
      keyIdentifier: issuer.authority.subjectKeyIdentifier,
    }),
    encodeExtension('cRLNumber', BigInt(number)),
  ]
  if (shard === fullCrl) return common
  // RFC 5280 section 5.2.5: critical, and its name equals the certificates' distribution point.
  const uri = ports.crlUrl(issuer.authority.name, shard)
  const fullName = [{ kind: 'uri', value: uri }] as const
  return [...common, encodeExtension('issuingDistributionPoint', { fullName })]
}

/** How many certificates a CRL of now would list. */
export async function countRevoked(
  authority: string,
  shard: number,
  ledger: Ledger,
): Promise<number> {
  const known = await ledger.count('certificate', {
    by: 'revoked',
    equal: equalTo(authority, shard),
  })
  return shard === fullCrl ? known + (await bareOf(authority, ledger)).length : known
}

function equalTo(authority: string, shard: number): readonly unknown[] {
  return shard === fullCrl ? [authority] : [authority, shard]
}

/** Revoked and abandoned ones alike: an abandoned serial may carry a signature that we never saw. */
async function revokedOf(authority: string, shard: number, ledger: Ledger) {
  const entries: RevokedEntry[] = []
  const equal = equalTo(authority, shard)
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ by: 'revoked', equal, limit: 1000 },
      ...(after && { after }),
    })
    entries.push(
      ...page.items.map(({ serialNumber, revokedAt, reservedAt, revocationReason }) =>
        entryOf({
          serialNumber,
          revokedAt: revokedAt ?? reservedAt,
          reason: revocationReason ?? 0,
        }),
      ),
    )
    after = page.next
  } while (after !== null)
  return shard === fullCrl ? [...entries, ...(await bareOf(authority, ledger))] : entries
}

/** What another PKI revoked before its certificates came here without their bytes. */
async function bareOf(authority: string, ledger: Ledger) {
  const entries: RevokedEntry[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list('bareRevocation', {
      ...{ by: 'authority', equal: [authority], limit: 1000 },
      ...(after && { after }),
    })
    for (const { serialNumber, revokedAt, reason } of page.items) {
      // Its certificate may have come later, and is then listed as every other.
      const known = await ledger.find('certificate', 'serialNumber', [authority, serialNumber])
      if (known === undefined) entries.push(entryOf({ serialNumber, revokedAt, reason }))
    }
    after = page.next
  } while (after !== null)
  return entries
}

interface RevokedEntry {
  readonly serialNumber: Uint8Array
  readonly revokedAt: Temporal.Instant
  /** Absent: unspecified. */
  readonly reason?: number
}

function entryOf({ serialNumber, revokedAt, reason = 0 }: RevokedEntry): RevokedEntry {
  return {
    serialNumber,
    revokedAt: wholeSecond(revokedAt),
    // RFC 5280 section 5.3.1: unspecified is said by saying nothing.
    ...(reason !== 0 && { reason }),
  }
}

/** RFC 5280 section 4.1.2.5: times of X.509 have no fractions. */
function wholeSecond(at: Temporal.Instant): Temporal.Instant {
  return at.round({ smallestUnit: 'second', roundingMode: 'floor' })
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
