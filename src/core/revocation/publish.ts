// SPDX-License-Identifier: Apache-2.0
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, CrlRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** Stands in the shard column for the CRL of everything. */
export const fullCrl = -1

/** How long a CRL is good, and how long before its end the next one comes (standards.md 2.3: 7 d + 24 h). */
export const crlLife = {
  issuing: Temporal.Duration.from({ hours: 8 * 24 }),
  renewBefore: Temporal.Duration.from({ hours: 7 * 24 }),
} as const

export interface PublishingPorts {
  readonly ledger: Ledger
  readonly keys: SigningKeys
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
 * Its number is one more than the last one's; of two nodes that try at once, one wins the number and
 * the other's is never published. RFC 5280 section 5.2.3.
 *
 * @returns the new record, or undefined if another node was first
 */
export async function publishCrl(
  issuer: Issuer,
  shard: number,
  ports: PublishingPorts,
): Promise<CrlRecord | undefined> {
  const authority = issuer.authority
  const before = await latestCrl(authority.id, shard, ports.ledger)
  const number = (before?.number ?? 0) + 1
  const thisUpdate = wholeSecond(ports.clock.now())
  const nextUpdate = earlier(thisUpdate.add(crlLife.issuing), authority.notAfter)
  const toBeSigned = encodeTbsCrl({
    signatureAlgorithm: issuer.signatureAlgorithm.identifier,
    issuer: issuer.certificate.subject,
    thisUpdate,
    nextUpdate,
    revoked: await revokedOf(authority.id, shard, ports.ledger),
    extensions: extensionsOf(issuer, shard, number, ports),
  })
  const signature = await ports.keys.sign(issuer.keyId, toBeSigned)
  const der = encodeSigned(toBeSigned, issuer.signatureAlgorithm.identifier, signature)
  const record: CrlRecord = {
    id: newId('crl', ports),
    version: 1,
    authority: authority.id,
    ...{ shard, number, der, thisUpdate, nextUpdate },
  }
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'crl', record }],
    events: [
      {
        type: 'crl-published',
        at: ports.clock.now(),
        actor: { kind: 'house', id: 'crl' },
        subjects: [record.id, authority.id],
        facts: { number, shard, nextUpdate: nextUpdate.toString(), bytes: der.length },
      },
    ],
  })
  return committed.kind === 'committed' ? record : undefined
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
  return ledger.count('certificate', { by: 'revoked', equal: equalTo(authority, shard) })
}

function equalTo(authority: string, shard: number): readonly unknown[] {
  return shard === fullCrl ? [authority] : [authority, shard]
}

/** Revoked and abandoned ones alike: an abandoned serial may carry a signature that we never saw. */
async function revokedOf(authority: string, shard: number, ledger: Ledger) {
  const entries = []
  const equal = equalTo(authority, shard)
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ by: 'revoked', equal, limit: 1000 },
      ...(after && { after }),
    })
    entries.push(...page.items.map(entryOf))
    after = page.next
  } while (after !== null)
  return entries
}

function entryOf(certificate: CertificateRecord) {
  const reason = certificate.revocationReason ?? 0
  return {
    serialNumber: certificate.serialNumber,
    revokedAt: wholeSecond(certificate.revokedAt ?? certificate.reservedAt),
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
