// SPDX-License-Identifier: Apache-2.0
/** The records that a learnt certificate gets: as near to the lost ones as it tells. */
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { onNoList } from '../ledger/shards.ts'
import type { Authority, BareRevocation, CertificateRecord, Device, Key } from '../ledger/tables.ts'
import type { Restore } from './epoch.ts'
import type { LearningPorts } from './learn.ts'

/** What a certificate teaches, with what the ledger knows around it. */
export interface Lesson {
  readonly certificate: Certificate
  readonly restore: Restore
  readonly authority: Authority
  readonly device: Device
  readonly key: PublicKey
}

/**
 * The time in a serial number of ours: seconds since 1970 of which 30 bits are kept; undefined if it is
 * not one of ours. It is under the signature, unlike notBefore it is not set back for slow clocks.
 */
export function numberedAt(serialNumber: Uint8Array, near: Temporal.Instant): number | undefined {
  if (serialNumber.length !== 16 || serialNumber[0]! >> 6 !== 1) return undefined
  const bits = new DataView(serialNumber.buffer, serialNumber.byteOffset).getUint32(0) & 0x3fffffff
  const turn = 2 ** 30
  const seconds = Math.floor(near.epochMilliseconds / 1000)
  return bits + turn * Math.round((seconds - bits) / turn)
}

/** Birth identities carry no purpose, so that nobody takes one for a working identity. */
export function kindOf({ extensions }: Certificate): 'birth' | 'working' {
  return readExtension(extensions, 'extKeyUsage') === undefined ? 'birth' : 'working'
}

export function keyRecord(
  { device, key }: Lesson,
  purpose: string,
  now: Temporal.Instant,
  ports: LearningPorts,
): Key {
  const { fingerprint, algorithm, bits, spki } = key
  return {
    ...{ id: newId('key', ports), version: 1, fingerprint, algorithm, bits, spki },
    ...{ origin: 'device', protection: 'unknown', attested: false, exportable: null },
    ...{ purpose, environment: ports.environment, owner: device.id, state: 'active' },
    ...{ moduleCertificate: null, custody: null, activatedAt: now, deactivateAt: null },
  }
}

export async function certificateRecord(
  { certificate, restore, authority, device, key }: Lesson,
  kind: 'birth' | 'working',
  keyId: string,
  ports: LearningPorts,
): Promise<CertificateRecord> {
  const seconds = numberedAt(certificate.serialNumber, restore.moment) ?? 0
  const issuedAt = Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
  const profile = await profileOf(device, authority, kind, ports.ledger)
  return {
    id: newId('certificate', ports),
    version: 1,
    serialNumber: certificate.serialNumber,
    authority: authority.id,
    profile: profile.name,
    profileVersion: profile.number,
    kind,
    owner: device.id,
    product: device.product,
    subject: formatName(certificate.subject),
    deviceSerial: device.serial,
    lot: device.lot,
    key: keyId,
    algorithm: key.algorithm,
    state: 'issued',
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    toBeSignedSha256: sha256(certificate.tbs),
    sha256: sha256(certificate.der),
    enrolment: null,
    shard: shardOf(certificate),
    reservedAt: issuedAt,
    issuedAt,
    usedAt: null,
    replaces: null,
    revokedAt: null,
    revocationReason: null,
    revocation: null,
    retiresAt: null,
  }
}

/** As a list of the lost time says of it. */
export function revokedAs(
  certificate: CertificateRecord,
  { revokedAt, reason }: BareRevocation,
): CertificateRecord {
  return { ...certificate, state: 'revoked', revokedAt, revocationReason: reason }
}

export function revokedEvent(
  { id, owner, authority, serialNumber }: CertificateRecord,
  { revokedAt, reason }: BareRevocation,
  at: Temporal.Instant,
): AuditEvent {
  return {
    type: 'certificate-revoked',
    at,
    actor: { kind: 'house', id: 'recovery' },
    subjects: [id, owner, authority],
    facts: {
      serialNumber: serialNumber.toHex(),
      revokedAt: revokedAt.toString(),
      crlReason: reason,
      because: 'a list of the time that a restore lost lists it',
    },
  }
}

/** By which it was most likely issued: the newest of the product's door for this kind of identity. */
async function profileOf(
  { product }: Device,
  authority: Authority,
  kind: 'birth' | 'working',
  ledger: Ledger,
): Promise<{ readonly name: string; readonly number: number }> {
  const doors = await ledger.list('entrance', { by: 'product', equal: [product], limit: 100 })
  for (const entrance of doors.items) {
    if (entrance.authority !== authority.id) continue
    const query = { by: 'name', equal: [entrance.profile], descending: true, limit: 1 } as const
    const [newest] = (await ledger.list('profile', query)).items
    const document = newest?.document
    if (typeof document !== 'object' || document === null || !('kind' in document)) continue
    if (newest !== undefined && document.kind === kind) return newest
  }
  return { name: 'unknown', number: 1 }
}

/** As its distribution point names it, …/crl/AUTHORITY/SHARD.crl; none where it says noRevAvail. */
function shardOf({ extensions }: Certificate): number {
  if (readExtension(extensions, 'noRevAvail') !== undefined) return onNoList
  const points = readExtension(extensions, 'cRLDistributionPoints') ?? []
  for (const point of points) {
    for (const name of point.fullName ?? []) {
      const shard = name.kind === 'uri' ? /\/(\d{1,9})\.crl$/.exec(name.value)?.[1] : undefined
      if (shard !== undefined) return Number(shard)
    }
  }
  return 0
}
