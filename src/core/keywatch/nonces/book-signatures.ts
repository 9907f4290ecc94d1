// SPDX-License-Identifier: Apache-2.0
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { SignatureRecord } from '#core/ledger/tables.ts'
import { bookFindings } from '../book-findings.ts'
import { actOnRecovered, type RecoveryPorts } from './act-on-recovered.ts'
import { type LookingPorts, look } from './look.ts'
import { type Cursors, progressPut, readProgress } from './progress.ts'
import type { RefusedSignatures } from './refused-signatures.ts'
import { type SignedMessage, signedRequest } from './signed-message.ts'

export type BookingPorts = LookingPorts & RecoveryPorts

/** A signature and where it stands. */
export interface Source {
  readonly message: SignedMessage
  readonly enrolment?: string
  readonly attestation?: string
  readonly refusedOf?: string
  /** When it came, as far as that is known. */
  readonly at: Temporal.Instant
}

/** Others book at the same moment, seldom. */
const mostTries = 20

/** Octets of r by which it is looked up. */
const markOctets = 8

/**
 * Looks at signatures, books what they show, acts on it, and keeps them: in this order, so that after a crash they
 * are looked at once more.
 *
 * @param cursors where the walk stands after these; undefined: as before
 * @returns how many were new
 */
export async function bookSignatures(
  sources: readonly Source[],
  cursors: Cursors | undefined,
  ports: BookingPorts,
): Promise<number> {
  const { ledger } = ports
  const records = sources.map((one) => recordOf(one, ports))
  for (let tries = 1; tries <= mostTries; tries++) {
    const progress = await readProgress(ledger)
    const { fresh, found, recovered } = await look(records, ports)
    await bookFindings(found, ports)
    await actOnRecovered(recovered, found, ports)
    if (fresh.length === 0 && cursors === undefined) return 0
    const put = progressPut(progress, { ...progress.cursors, ...cursors }, ports)
    const committed = await ledger.commit({
      puts: [...fresh.map((record): Put => ({ kind: 'signature', record })), put],
      events: [],
    })
    if (committed.kind === 'committed') return fresh.length
  }
  // Whoever walks comes by here again.
  return 0
}

function recordOf(
  { message, enrolment, attestation, refusedOf, at }: Source,
  ports: BookingPorts,
): SignatureRecord {
  const { keyFingerprint, digest, r, s } = message
  return {
    ...{ id: newId('signature', ports), version: 1, keyFingerprint, digest, r, s, at },
    mark: r.slice(0, markOctets),
    ...{ enrolment: enrolment ?? null, attestation: attestation ?? null },
    refusedOf: refusedOf ?? null,
  }
}

/**
 * Signatures of refused requests that are kept, for ever: of one device, and of one key. Who is admitted and sends
 * ever new requests fills no disk, and a nonce that repeats does so long before.
 */
export const mostRefused = { ofDevice: 64, ofKey: 16 } as const

/** Books what the doors of this node refused since the last time, within bounds. @returns how many were new */
export async function bookRefused(
  refused: RefusedSignatures,
  ports: BookingPorts,
): Promise<number> {
  let booked = 0
  // One by one, so that each counts for the bounds of the next.
  for (const { request, device } of refused.take()) {
    const message = signedRequest(request)
    if (message === undefined || !(await isRoom(message, device, ports))) continue
    const source = { message, refusedOf: device, at: ports.clock.now() }
    booked += await bookSignatures([source], undefined, ports)
  }
  return booked
}

async function isRoom(
  { keyFingerprint }: SignedMessage,
  device: string,
  { ledger }: BookingPorts,
): Promise<boolean> {
  const [ofDevice, ofKey] = await Promise.all([
    ledger.list('signature', { by: 'refused', equal: [device], limit: mostRefused.ofDevice }),
    ledger.list('signature', { by: 'key', equal: [keyFingerprint], limit: 1000 }),
  ])
  const refused = ofKey.items.filter(({ refusedOf }) => refusedOf !== null)
  return ofDevice.items.length < mostRefused.ofDevice && refused.length < mostRefused.ofKey
}
