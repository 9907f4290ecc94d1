// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { expectedDevice } from '../devices/add.ts'
import { newId } from '../ledger/ids.ts'
import { noShard, onNoList } from '../ledger/shards.ts'
import type { CertificateRecord, Device, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { Adoptee, AdoptingList } from './adoptee.ts'
import { bookRevocation, nothing, revokedEvent, revokedStep, type Step } from './book-revocation.ts'

type Genuine = Adoptee & { readonly kind: 'certificate' }

/** certificateHold, RFC 5280 section 5.3.1: elsewhere it can be lifted. */
const onHold = 6

/** What a row asks of the ledger as it is now, or why it cannot be. */
export async function bookAdoptee(
  adoptee: Adoptee,
  list: AdoptingList,
  actor: Actor,
): Promise<Step | Refused> {
  switch (adoptee.kind) {
    case 'over':
      return nothing('expired')
    case 'revocation':
      return bookRevocation(adoptee, list, actor)
    case 'certificate': {
      const step = await bookCertificate(adoptee, list, actor)
      // What its device or key cannot hold here is on the list all the same.
      if (step.kind === 'step' || adoptee.revoked === undefined) return step
      if (step.reason === 'exists-already') return step
      const { certificate, revoked } = adoptee
      return bookRevocation({ serialNumber: certificate.serialNumber, revoked }, list, actor)
    }
  }
}

async function bookCertificate(
  adoptee: Genuine,
  list: AdoptingList,
  actor: Actor,
): Promise<Step | Refused> {
  const { certificate, revoked } = adoptee
  const { ledger, authority } = list
  const digest = sha256(certificate.der)
  const serialHex = certificate.serialNumber.toHex()
  const known = await ledger.find('certificate', 'serialNumber', [
    authority.id,
    certificate.serialNumber,
  ])
  if (known !== undefined) {
    if (known.sha256?.toHex() !== digest.toHex()) {
      return refuse('exists-already', `serial number ${serialHex} is that of another certificate`)
    }
    if (revoked !== undefined) return revokedStep(known, revoked)
    return adoptee.inForce && known.state === 'revoked' && known.revocationReason === onHold
      ? refuse(
          'certificate-revoked',
          'it was on hold when it came here, which is for good; let its device enrol again (device allow-re-enrol)',
        )
      : nothing('unchanged')
  }
  const bare = await ledger.find('bareRevocation', 'serialNumber', [
    authority.id,
    certificate.serialNumber,
  ])
  return addedStep(adoptee, digest, revoked ?? revokedIn(bare), list, actor)
}

function revokedIn(bare: { revokedAt: Temporal.Instant; reason: number } | undefined) {
  return bare && { at: bare.revokedAt, reason: bare.reason }
}

async function addedStep(
  adoptee: Genuine,
  digest: Uint8Array,
  revoked: Genuine['revoked'],
  list: AdoptingList,
  actor: Actor,
): Promise<Step | Refused> {
  const { ledger, authority, product } = list
  const found = await ledger.find('device', 'serial', [product.id, adoptee.serial])
  if (found?.state === 'retired') {
    return refuse('device-retired', `device ${adoptee.serial} was retired here`)
  }
  const device = deviceOf(found, adoptee, list)
  const key = await ledger.find('key', 'fingerprint', [adoptee.publicKey.fingerprint])
  if (key !== undefined && key.owner !== device.id) {
    return refuse('key-has-another-owner', 'its key belongs to another owner here')
  }
  if (key !== undefined && key.purpose !== list.kind) {
    return refuse('key-has-another-owner', `its key serves as ${key.purpose} key here`)
  }
  const ownKey = key ?? keyOf(adoptee, device, list)
  const record = recordOf(adoptee, { digest, revoked, device, key: ownKey }, list)
  return {
    kind: 'step',
    outcome: 'added',
    puts: [
      ...(device === found ? [] : [{ kind: 'device', record: device } as const]),
      ...(key === undefined ? [{ kind: 'key', record: ownKey } as const] : []),
      { kind: 'certificate', record },
      { kind: 'encoding', record: { id: record.id, version: 1, der: adoptee.certificate.der } },
    ],
    events: [
      {
        type: 'certificate-adopted',
        at: list.clock.now(),
        actor,
        subjects: [record.id, device.id, authority.id, ownKey.id],
        facts: {
          serialNumber: record.serialNumber.toHex(),
          sha256: digest.toHex(),
          subject: record.subject,
          notAfter: record.notAfter.toString(),
        },
      },
      ...(revoked === undefined ? [] : [revokedEvent(record, revoked, list, actor)]),
    ],
    ...(found === undefined && { device: device.id }),
  }
}

/** One that was only expected has an identity now: it renews it, and enrols no more. */
function deviceOf(found: Device | undefined, { serial }: Genuine, list: AdoptingList): Device {
  if (found !== undefined && found.state !== 'expected') return found
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const before = found ?? {
    ...expectedDevice({ serial, ...particulars }, list.product.id, list),
    version: 0,
  }
  return {
    ...{ ...before, version: before.version + 1, state: 'active', enrolmentsLeft: 0 },
    under: list.kind === 'working' ? list.authority.id : before.under,
  }
}

function keyOf({ certificate, publicKey }: Genuine, { id }: Device, list: AdoptingList): Key {
  return {
    ...{ id: newId('key', list), version: 1, owner: id, environment: list.environment },
    ...{ fingerprint: publicKey.fingerprint, spki: publicKey.spki },
    ...{ algorithm: publicKey.algorithm, bits: publicKey.bits },
    // How it was made and where it lies, nobody told.
    ...{ origin: 'device', protection: 'unknown', attested: false, exportable: null },
    ...{ purpose: list.kind, state: 'active', moduleCertificate: null, custody: null },
    ...{ activatedAt: certificate.notBefore, deactivateAt: null },
  }
}

function recordOf(
  { certificate, publicKey, serial }: Genuine,
  more: {
    readonly digest: Uint8Array
    readonly revoked: Genuine['revoked']
    readonly device: Device
    readonly key: Key
  },
  list: AdoptingList,
): CertificateRecord {
  const { revoked, device } = more
  return {
    ...{
      id: newId('certificate', list),
      version: 1,
      kind: list.kind,
      authority: list.authority.id,
    },
    serialNumber: certificate.serialNumber,
    ...{ profile: 'adopted', profileVersion: 0, enrolment: null, shard: shardOf(certificate) },
    ...{ owner: device.id, product: list.product.id, deviceSerial: serial, lot: device.lot },
    subject: formatName(certificate.subject),
    ...{ key: more.key.id, algorithm: publicKey.algorithm },
    state: revoked === undefined ? 'issued' : 'revoked',
    ...{ notBefore: certificate.notBefore, notAfter: certificate.notAfter },
    ...{ toBeSignedSha256: sha256(certificate.tbs), sha256: more.digest },
    ...{ reservedAt: certificate.notBefore, issuedAt: certificate.notBefore },
    ...{ usedAt: null, replaces: null },
    revokedAt: revoked?.at ?? null,
    revocationReason: revoked?.reason ?? null,
    ...{ revocation: null, retiresAt: null },
  }
}

/** Certificates of an adopted authority name no shard of ours: the full CRL alone lists them, if any does. */
function shardOf({ extensions }: Certificate): number {
  return readExtension(extensions, 'noRevAvail') === undefined ? noShard : onNoList
}
