// SPDX-License-Identifier: Apache-2.0

import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import { tpmOfHash } from '../devices/announced-tpm.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Code, Device, Endorsement } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import type { Asked, AttestationPorts } from './ports.ts'
import { type TpmFacts, unvouchedFacts, type Vouching, vouch } from './vouch.ts'

/** What a device says of itself before it has proved anything. */
export interface Claim extends Asked {
  readonly serial: string
  readonly label: string | undefined
  readonly code: string | undefined
  readonly endorsementKey: PublicKey
  readonly certificates: readonly Uint8Array[]
}

/** Who asks, and why its TPM is the one that is expected. */
export interface Expectation {
  readonly kind: 'expected'
  readonly device: Device
  /** Undefined: a first contact, which binds the TPM to the device if it proves itself. */
  readonly endorsement: Endorsement | undefined
  /** The enrolment code of a first contact. */
  readonly code: Code | undefined
  readonly certificateSha256: Uint8Array | undefined
  readonly tpm: TpmFacts
}

/** Besides the refusal, what its event tells. */
export interface NotExpected {
  readonly kind: 'not-expected'
  readonly refused: Refused
  readonly device: Device | undefined
  readonly alarms: readonly AuditEvent[]
}

/**
 * Whether a TPM is the one that is expected of a device. A genuine TPM admits nobody: it has to be the one
 * that the factory registered, or, where none is registered, a maker that is believed here vouches for it
 * and the device's own code says whose it is.
 *
 * That a serial is unknown is told like a TPM that is not expected, so that nobody learns which serials exist.
 */
export async function expectTpm(
  claim: Claim,
  ports: AttestationPorts,
): Promise<Expectation | NotExpected> {
  const { endorsementKey, certificates } = claim
  const [device, vouching] = [
    await deviceOf(claim, ports),
    await vouch(certificates, endorsementKey, ports),
  ]
  if (device === undefined) return notExpected(stranger)
  const known = await knownEndorsement(endorsementKey, vouching, ports.ledger)
  if (known !== undefined) return recognise(known, device, vouching, claim, ports)
  return (await hasAnother(device, ports.ledger))
    ? notExpected(stranger, device, [conflict(device, undefined, claim, ports)])
    : firstContact(device, vouching, claim, ports)
}

const stranger = refuse(
  'tpm-unexpected',
  'this TPM and this serial do not belong together here; an operator registers it ("device endorse"), and where several products have the serial the client names an entrance',
)

function notExpected(
  refused: Refused,
  device?: Device,
  alarms: readonly AuditEvent[] = [],
): NotExpected {
  return { kind: 'not-expected', refused, device, alarms }
}

/** The device of this serial: of the door's product, or the only one that has it. */
async function deviceOf(
  { serial, label }: Claim,
  { ledger, doorOf }: AttestationPorts,
): Promise<Device | undefined> {
  const query = { by: 'bySerial', equal: [serial], limit: mostProducts } as const
  const { items } = await ledger.list('device', query)
  if (label !== undefined) return items.find(({ product }) => !('reason' in doorOf(product, label)))
  const [only, another] = items
  return another === undefined ? only : undefined
}

/** Products in which one serial may stand; a maker has tens. */
const mostProducts = 100

/** The row that speaks of this TPM, by its key, its certificate, or a hash that the factory gave. */
async function knownEndorsement(
  key: PublicKey,
  vouching: Vouching,
  ledger: Ledger,
): Promise<Endorsement | undefined> {
  const certificate = vouching.kind === 'none' ? [] : [vouching.certificateSha256]
  const found = await Promise.all([
    ledger.find('endorsement', 'fingerprint', [key.fingerprint]),
    ...[sha256(key.spki), ...certificate].map((digest) => tpmOfHash(digest, ledger)),
  ])
  return found.find((one) => one !== undefined)
}

function recognise(
  endorsement: Endorsement,
  device: Device,
  vouching: Vouching,
  claim: Claim,
  ports: AttestationPorts,
): Expectation | NotExpected {
  if (endorsement.device !== device.id) {
    const refused = refuse(
      'tpm-of-another-device',
      'this TPM belongs to another device, and does so for ever',
    )
    return notExpected(refused, device, [conflict(device, endorsement, claim, ports)])
  }
  if (endorsement.state === 'replaced')
    return notExpected(
      refuse('tpm-unexpected', `this TPM was replaced at ${endorsement.replacedAt}, for ever`),
      device,
      [conflict(device, endorsement, claim, ports)],
    )
  return {
    ...{ kind: 'expected', device, endorsement, code: undefined },
    certificateSha256: vouching.kind === 'none' ? undefined : vouching.certificateSha256,
    tpm: factsOf(vouching, claim.endorsementKey),
  }
}

async function hasAnother(device: Device, ledger: Ledger): Promise<boolean> {
  const query = {
    by: 'device',
    equal: [device.id],
    where: { state: 'expected' },
    limit: 1,
  } as const
  return (await ledger.list('endorsement', query)).items.length > 0
}

/** No TPM is registered: the code says whose it is, its maker that it is one. */
async function firstContact(
  device: Device,
  vouching: Vouching,
  { serial, code, sourceAddress, endorsementKey }: Claim,
  ports: AttestationPorts,
): Promise<Expectation | NotExpected> {
  // Told to who knows the serial alone, as to who does not.
  if (code === undefined) return notExpected(stranger, device)
  const admitted = await ports.admitCode(serial, code, sourceAddress)
  if ('kind' in admitted) return notExpected(admitted, device)
  if (admitted.device.id !== device.id) return notExpected(stranger, device)
  if (admitted.code.usedAt !== null)
    return notExpected(
      refuse('code-used', 'this enrolment code was used already; ask the operator for another'),
      device,
    )
  if (admitted.code.heldFor !== null)
    return notExpected(
      refuse('code-held', 'this enrolment code came with a request, which waits for a person'),
      device,
    )
  if (admitted.code.attestation !== null)
    return notExpected(refuse('code-wrong', 'this is a ticket, and no enrolment code'), device)
  if (vouching.kind === 'none')
    return notExpected(
      refuse(
        'endorsement-missing',
        'no TPM is registered for this device, and no certificate of its endorsement key came with it',
      ),
      device,
    )
  if (vouching.kind === 'not-vouched') return notExpected(vouching.why, device)
  return {
    ...{ kind: 'expected', device, endorsement: undefined, code: admitted.code },
    certificateSha256: vouching.certificateSha256,
    tpm: factsOf(vouching, endorsementKey),
  }
}

function factsOf(vouching: Vouching, key: PublicKey): TpmFacts {
  return vouching.kind === 'vouched' ? vouching.tpm : unvouchedFacts(key)
}

/** Somebody moved a TPM, or shows one that is not the device's. */
function conflict(
  device: Device,
  endorsement: Endorsement | undefined,
  { endorsementKey, sourceAddress }: Claim,
  { clock }: { readonly clock: Clock },
): AuditEvent {
  return {
    type: 'tpm-conflict',
    at: clock.now(),
    actor: { kind: 'stranger', id: sourceAddress },
    subjects: [
      device.id,
      ...(endorsement === undefined ? [] : [endorsement.id, endorsement.device]),
    ],
    facts: { serial: device.serial, fingerprint: endorsementKey.fingerprint.toHex() },
  }
}
