// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { announcedTpm, tpmExpected, tpmOfHash } from '../devices/announced-tpm.ts'
import { replacedTpm } from '../devices/cut-off.ts'
import { refuseIfBarred } from '../devices/life.ts'
import type { DevicePorts } from '../devices/ports.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Endorsement } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** By what an operator names a TPM: its endorsement key, the certificate of that, or a hash of either. */
export interface NamedTpm {
  readonly fingerprint: Uint8Array | null
  readonly spkiSha256: Uint8Array | null
  readonly certificateSha256: Uint8Array | null
  /** SHA-256 of the SubjectPublicKeyInfo or of the certificate, where nothing else is known. */
  readonly announcedSha256: Uint8Array | null
}

export type Registered =
  | { readonly kind: 'registered'; readonly endorsement: Endorsement }
  | Refused

/**
 * Expects a TPM of a device: from now on possession of its endorsement key admits the device.
 *
 * Where another is expected, that one is replaced, for a reason, and is never accepted again; a TPM that
 * belongs to another device is refused whatever the reason.
 *
 * @param because why the TPM is another one; undefined: none is replaced
 */
export async function registerTpm(
  device: Device,
  named: NamedTpm,
  because: string | undefined,
  actor: Actor,
  ports: DevicePorts,
): Promise<Registered> {
  const barred = refuseIfBarred(device)
  if (barred !== undefined) return barred
  const known = await knownTpm(named, ports.ledger)
  if (known !== undefined && known.device !== device.id)
    return refuse(
      'tpm-of-another-device',
      'this TPM belongs to another device, and does so for ever; look at who has it (attestation list)',
    )
  if (known?.state === 'expected') return { kind: 'registered', endorsement: known }
  const others = await expectedTpms(device, ports.ledger)
  if (others.length > 0 && because === undefined)
    return refuse(
      'exists-already',
      `another TPM is expected of device ${device.serial}; if its board was changed, replace it and say why`,
    )
  const endorsement = expectedAgain(known, ports) ?? announcedTpm(device, named, actor, ports)
  const refused = await settle(
    {
      puts: [
        ...others.map((one) => replacedTpm(one, ports.clock.now())),
        { kind: 'endorsement', record: endorsement },
        // Whatever else is done to the device at this moment comes before or after.
        { kind: 'device', record: { ...device, version: device.version + 1 } },
      ],
      events: [
        ...others.map((one) => replaced(one, device, because ?? '', actor, ports)),
        known === undefined
          ? tpmExpected(endorsement, device, actor)
          : takenBack(endorsement, device, actor),
      ],
    },
    ports.ledger,
  )
  if (refused?.reason === 'exists-already')
    return refuse('tpm-of-another-device', 'this TPM was given to another device at this moment')
  return refused ?? { kind: 'registered', endorsement }
}

async function knownTpm(named: NamedTpm, ledger: Ledger): Promise<Endorsement | undefined> {
  const { fingerprint, spkiSha256, certificateSha256, announcedSha256 } = named
  const byKey = fingerprint && (await ledger.find('endorsement', 'fingerprint', [fingerprint]))
  if (byKey) return byKey
  for (const digest of [spkiSha256, certificateSha256, announcedSha256]) {
    const found = digest && (await tpmOfHash(digest, ledger))
    if (found) return found
  }
  return undefined
}

/** A device has had a handful of TPMs in its life. */
const most = 100

/** The TPMs that are expected of a device: one, as long as nobody registers by halves. */
export async function expectedTpms(
  { id }: Device,
  ledger: Ledger,
): Promise<readonly Endorsement[]> {
  const { items } = await ledger.list('endorsement', { by: 'device', equal: [id], limit: most })
  return items.filter(({ state }) => state === 'expected')
}

/** One that was replaced by mistake is taken back, since it never belonged to anybody else. */
function expectedAgain(
  known: Endorsement | undefined,
  { clock }: DevicePorts,
): Endorsement | undefined {
  return (
    known && {
      ...known,
      ...{ version: known.version + 1, state: 'expected', replacedAt: null, addedAt: clock.now() },
    }
  )
}

function takenBack(endorsement: Endorsement, device: Device, actor: Actor): AuditEvent {
  return { ...tpmExpected(endorsement, device, actor), type: 'tpm-taken-back' }
}

function replaced(
  endorsement: Endorsement,
  device: Device,
  reason: string,
  actor: Actor,
  { clock }: DevicePorts,
): AuditEvent {
  return {
    type: 'tpm-replaced',
    at: clock.now(),
    actor,
    subjects: [endorsement.id, device.id],
    facts: { serial: device.serial, reason },
  }
}
