// SPDX-License-Identifier: Apache-2.0
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Device, Endorsement } from '../ledger/tables.ts'
import type { DevicePorts } from './ports.ts'

/** A TPM that the factory says is in a device; nobody has seen it yet. */
export function announcedTpm(
  device: Device,
  named: Pick<Endorsement, 'fingerprint' | 'spkiSha256' | 'certificateSha256' | 'announcedSha256'>,
  actor: Actor,
  ports: DevicePorts,
): Endorsement {
  const { fingerprint, spkiSha256, certificateSha256, announcedSha256 } = named
  return {
    ...{ id: newId('endorsement', ports), version: 1, device: device.id },
    ...{ fingerprint, spkiSha256, certificateSha256, announcedSha256 },
    ...{ source: 'factory', state: 'expected' },
    ...{ addedAt: ports.clock.now(), addedBy: actor.id, replacedAt: null, seenAt: null },
  }
}

/** The same by a hash alone, as it stands in a list of devices. */
export function announcedByHash(
  device: Device,
  announcedSha256: Uint8Array,
  actor: Actor,
  ports: DevicePorts,
): Endorsement {
  const unknown = { fingerprint: null, spkiSha256: null, certificateSha256: null }
  return announcedTpm(device, { ...unknown, announcedSha256 }, actor, ports)
}

/** The TPM of which this is a hash, whichever was told of it: of its key, of its certificate, or what a factory gave. */
export async function tpmOfHash(
  digest: Uint8Array,
  ledger: Ledger,
): Promise<Endorsement | undefined> {
  const found = await Promise.all(
    (['spki', 'certificate', 'announced'] as const).map((key) =>
      ledger.find('endorsement', key, [digest]),
    ),
  )
  return found.find((one) => one !== undefined)
}

export function tpmExpected(endorsement: Endorsement, device: Device, actor: Actor): AuditEvent {
  return {
    type: 'tpm-expected',
    at: endorsement.addedAt,
    actor,
    subjects: [endorsement.id, device.id],
    facts: { serial: device.serial, ...namesOf(endorsement) },
  }
}

/** All by which a TPM is recognised, as events tell it and the export demands it. */
export function namesOf(endorsement: Endorsement) {
  const { fingerprint, spkiSha256, certificateSha256, announcedSha256 } = endorsement
  return {
    fingerprint: fingerprint?.toHex() ?? null,
    spkiSha256: spkiSha256?.toHex() ?? null,
    certificateSha256: certificateSha256?.toHex() ?? null,
    announcedSha256: announcedSha256?.toHex() ?? null,
  }
}
