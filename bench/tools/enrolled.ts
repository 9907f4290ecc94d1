// SPDX-License-Identifier: Apache-2.0
/** What the ledger holds of a device that enrolled long ago: as an issue leaves it, with bytes of chance. */
import { expectedDevice } from '#core/devices/add.ts'
import type { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Enrolment, Key } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

/** The door by which it came in. */
export interface Certified {
  readonly product: string
  readonly entrance: string
  readonly authority: string
  readonly profile: string
  readonly profileVersion: number
}

const noLedger = {} as unknown as Ledger

/** The records of the unit with this number. */
export function enrolledRecords(
  unit: number,
  door: Certified,
  { clock, random }: { readonly clock: Clock; readonly random: Randomness },
  makeId: typeof newId,
): readonly Put[] {
  const ports = { clock, random, ledger: noLedger }
  const now = clock.now()
  const serial = serialOf(unit)
  const particulars = { hardwareRevision: 'A', lot: `LOT-${unit >> 10}`, udiDi: null }
  const device = expectedDevice({ serial, ...particulars }, door.product, ports)
  const id = makeId('certificate', ports)
  const key: Key = {
    ...{ id: makeId('key', ports), version: 1, fingerprint: random.bytes(32), algorithm: 'p-256' },
    ...{ bits: 256, spki: random.bytes(91), origin: 'device', protection: 'unknown' },
    ...{ attested: false, exportable: null, purpose: 'working', environment: 'trial' },
    ...{
      owner: device.id,
      state: 'active',
      moduleCertificate: null,
      custody: null,
      activatedAt: now,
    },
    deactivateAt: null,
  }
  const enrolment: Enrolment = {
    ...{ id: makeId('enrolment', ports), version: 1, protocol: 'est', operation: 'enrol' },
    ...{ entrance: door.entrance, owner: device.id, certificate: id },
    ...{ request: random.bytes(340), proof: 'code', credential: makeId('code', ports) },
    ...{ possession: 'signature', profile: door.profile },
    ...{ profileVersion: door.profileVersion, sourceAddress: '127.0.0.1', at: now },
    ...{ approval: null, registrar: null, proxy: null },
  }
  const certificate: CertificateRecord = {
    ...{ id, version: 1, serialNumber: random.bytes(16), authority: door.authority },
    ...{ profile: door.profile, profileVersion: door.profileVersion, kind: 'working' },
    ...{ owner: device.id, product: device.product, subject: `CN=${serial},O=Bench` },
    ...{ deviceSerial: serial, lot: device.lot, key: key.id, algorithm: 'p-256' },
    ...{ state: 'issued', notBefore: now, notAfter: now.add({ hours: 24 * 9000 }) },
    ...{ toBeSignedSha256: random.bytes(32), sha256: random.bytes(32), enrolment: enrolment.id },
    ...{
      shard: Math.floor(unit / 3_500),
      reservedAt: now,
      issuedAt: now,
      usedAt: null,
      replaces: null,
    },
    ...{ revokedAt: null, revocationReason: null, revocation: null, retiresAt: null },
  }
  return [
    { kind: 'device', record: { ...device, state: 'active', enrolmentsLeft: 0, seenAt: now } },
    { kind: 'key', record: key },
    { kind: 'certificate', record: certificate },
    { kind: 'encoding', record: { id, version: 1, der: random.bytes(620) } },
    { kind: 'enrolment', record: enrolment },
  ]
}

export function serialOf(unit: number): string {
  return `BENCH-${String(unit).padStart(8, '0')}`
}
