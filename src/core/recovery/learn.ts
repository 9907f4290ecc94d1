// SPDX-License-Identifier: Apache-2.0

import { attributeTypes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { attributeOf } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { longestSigning } from '../authority/abandon.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Authority, BareRevocation, Device, Key } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { revocationReasons } from '../revocation/revoke.ts'
import type { Restore } from './epoch.ts'
import {
  certificateRecord,
  keyRecord,
  kindOf,
  type Lesson,
  numberedAt,
  revokedAs,
  revokedEvent,
} from './learnt-records.ts'
import { signerOf } from './signer.ts'

export interface LearningPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Key['environment']
  readonly restores: readonly Restore[]
  /** The house's own authorities. */
  issuers(): readonly Authority[]
}

export type Learning =
  /** It is in the ledger now. */
  | { readonly kind: 'learnt' }
  /** It is none of ours, or none of the lost time. */
  | { readonly kind: 'unknown' }
  | Refused

const unknown: Learning = { kind: 'unknown' }

/**
 * Learns a certificate that one of our issuing authorities signed in the time that a restore lost, when its
 * device presents it over a live connection.
 *
 * Our own signature says that policy approved it and that it was booked; only the book is gone. Whether it
 * was revoked since is known only where a list of that time was learnt: then it is booked as revoked.
 */
export async function learnCertificate(
  certificate: Certificate,
  ports: LearningPorts,
): Promise<Learning> {
  const restore = lostIn(certificate, ports.restores)
  if (restore === undefined) return unknown
  const issuers = ports.issuers().filter(({ kind }) => kind === 'issuing')
  const authority = await signerOf(certificate, issuers)
  if (authority === undefined) return unknown
  // Whoever stole its key could sign this today, and number it as of the lost time.
  const own = await ports.ledger.find('certificate', 'sha256', [authority.certificateSha256])
  if (own !== undefined && own.revokedAt !== null) return unknown
  const { serialNumber } = certificate
  const known = await ports.ledger.find('certificate', 'serialNumber', [authority.id, serialNumber])
  // Reserved at the backup's moment, and given up at the first start after the restore.
  if (known !== undefined)
    return refuse('certificate-revoked', 'its signing was under way at the moment of the backup')
  const bare = await ports.ledger.find('bareRevocation', 'serialNumber', [
    authority.id,
    serialNumber,
  ])
  const device = await deviceOf(certificate, ports.ledger)
  if ('kind' in device) return device
  const key = importPublicKey(certificate.publicKey)
  if ('kind' in key) return key
  const kept = await ports.ledger.find('key', 'fingerprint', [key.fingerprint])
  if (kept !== undefined && kept.owner !== device.id) {
    return refuse('key-has-another-owner', 'the key of this certificate belongs to another owner')
  }
  await book({ certificate, restore, authority, device, key }, bare, ports)
  return bare === undefined
    ? { kind: 'learnt' }
    : refuse('certificate-revoked', 'it was revoked in the time that a restore lost')
}

/** The restore that lost the moment at which the certificate was numbered. */
function lostIn({ serialNumber }: Certificate, restores: readonly Restore[]): Restore | undefined {
  return restores.findLast(({ moment, at }) => {
    const numbered = numberedAt(serialNumber, moment)
    if (numbered === undefined) return false
    // It was numbered a little before it was booked, and the number keeps whole seconds.
    const first = moment.subtract(longestSigning).epochMilliseconds / 1000
    return numbered >= first && numbered <= at.epochMilliseconds / 1000
  })
}

async function deviceOf({ subject }: Certificate, ledger: Ledger): Promise<Device | Refused> {
  const serial = attributeOf(subject, attributeTypes.serialNumber)
  if (serial === undefined) {
    return refuse('device-unknown', 'the certificate is of the lost time and names no serial')
  }
  const query = { by: 'bySerial', equal: [serial], limit: 2 } as const
  const [device, another] = (await ledger.list('device', query)).items
  if (device === undefined) {
    const detail = `the certificate is of the time that a restore lost; device ${serial} is not here, add it again`
    return refuse('device-unknown', detail)
  }
  if (another === undefined) return device
  return refuse('device-unknown', `serial ${serial} stands for more than one product here`)
}

/** A lost race means that another connection of the same device taught it just now. */
async function book(
  lesson: Lesson,
  bare: BareRevocation | undefined,
  ports: LearningPorts,
): Promise<void> {
  const { certificate, restore, authority, device, key } = lesson
  const { ledger, clock } = ports
  const now = clock.now()
  const kind = kindOf(certificate)
  const known = await ledger.find('key', 'fingerprint', [key.fingerprint])
  const own = known ?? keyRecord(lesson, kind, now, ports)
  const learnt = await certificateRecord(lesson, kind, own.id, ports)
  const record = bare === undefined ? learnt : revokedAs(learnt, bare)
  const puts: Put[] = [
    { kind: 'certificate', record },
    { kind: 'encoding', record: { id: record.id, version: 1, der: certificate.der } },
    {
      kind: 'learnt',
      record: {
        ...{ id: newId('learnt', ports), version: 1, certificate: record.id, device: device.id },
        ...{ epoch: restore.epoch, at: now },
      },
    },
  ]
  if (bare?.reason === revocationReasons.keyCompromise) {
    const version = known === undefined ? 1 : known.version + 1
    puts.push({ kind: 'key', record: { ...own, version, state: 'compromised' } })
  } else if (known === undefined) puts.push({ kind: 'key', record: own })
  if (bare === undefined && device.state === 'expected') {
    const enrolmentsLeft = Math.max(0, device.enrolmentsLeft - 1)
    const version = device.version + 1
    puts.push({
      kind: 'device',
      record: { ...device, version, state: 'provisioned', enrolmentsLeft },
    })
  }
  const event = {
    type: 'certificate-learnt',
    at: now,
    actor: { kind: 'device', id: device.id },
    subjects: [record.id, device.id, authority.id, own.id],
    facts: {
      serialNumber: record.serialNumber.toHex(),
      sha256: sha256(certificate.der).toHex(),
      subject: record.subject,
      notAfter: record.notAfter.toString(),
      epoch: restore.epoch,
    },
  } as const
  const events = bare === undefined ? [event] : [event, revokedEvent(record, bare, now)]
  await ledger.commit({ puts, events })
}
