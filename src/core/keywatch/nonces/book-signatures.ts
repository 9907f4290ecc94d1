// SPDX-License-Identifier: Apache-2.0
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { SignatureRecord } from '#core/ledger/tables.ts'
import { bookFindings } from '../book-findings.ts'
import { actOnRecovered, type RecoveryPorts } from './act-on-recovered.ts'
import { type LookingPorts, look, type Seen } from './look.ts'
import { type Cursors, progressPut, readProgress } from './progress.ts'
import type { RefusedRequest, RefusedSignatures } from './refused-signatures.ts'
import { type SignedMessage, signedRequest } from './signed-message.ts'

export type BookingPorts = LookingPorts & RecoveryPorts

/** A signature and where it stands. */
export interface Source {
  readonly message: SignedMessage
  readonly enrolment?: string
  readonly attestation?: string
  /** The id of the device or application whose request was refused. */
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
 * @returns how many were new; undefined: others were always first, and they have to be looked at once more
 */
export async function bookSignatures(
  sources: readonly Source[],
  cursors: Cursors | undefined,
  ports: BookingPorts,
): Promise<number | undefined> {
  const { ledger } = ports
  const records = sources.map((one) => recordOf(one, ports))
  for (let tries = 1; tries <= mostTries; tries++) {
    const progress = await readProgress(ledger)
    const { fresh, ...seen } = await look(records, ports)
    if ((await bookAndAct(seen, ports)) === undefined) continue
    if (fresh.length === 0 && cursors === undefined) return 0
    const put = progressPut(progress, { ...progress.cursors, ...cursors }, ports)
    const committed = await ledger.commit({
      puts: [...fresh.map((record): Put => ({ kind: 'signature', record })), put],
      events: [],
    })
    if (committed.kind === 'committed') return fresh.length
  }
  return undefined
}

/** @returns how many findings are new; undefined: not all of it stands booked, and before that nothing counts as looked at */
export async function bookAndAct(
  { found, recovered }: Omit<Seen, 'fresh'>,
  ports: RecoveryPorts,
): Promise<number | undefined> {
  const booked = await bookFindings(found, ports)
  for (const { key, kind, cause } of found)
    if ((await ports.ledger.find('keyFinding', 'once', [key, kind, cause])) === undefined)
      return undefined
  await actOnRecovered(recovered, found, ports)
  return booked.length
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
 * Signatures of refused requests that are kept, for ever: of one device or application, and of one key. Who is admitted and sends
 * ever new requests fills no disk, and a nonce that repeats does so long before.
 */
export const mostRefused = { ofOwner: 64, ofKey: 16 } as const

/** Books what the doors of this node refused since the last time, within bounds. @returns how many were new */
export async function bookRefused(
  refused: RefusedSignatures,
  ports: BookingPorts,
): Promise<number> {
  const waiting = [...refused.take()]
  let booked = 0
  try {
    // One by one, so that each counts for the bounds of the next.
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const fresh = await bookOne(one, ports)
      booked += fresh ?? 0
      if (fresh !== undefined) continue
      waiting.unshift(one)
      break
    }
  } finally {
    // What was not looked at waits for the next time; but one that nobody can look at keeps nobody waiting.
    for (const { request, owner } of waiting) refused.note(request, owner)
  }
  return booked
}

async function bookOne(
  { request, owner }: RefusedRequest,
  ports: BookingPorts,
): Promise<number | undefined> {
  const message = signedRequest(request)
  if (message === undefined || !(await isRoom(message, owner, ports))) return 0
  return bookSignatures([{ message, refusedOf: owner, at: ports.clock.now() }], undefined, ports)
}

async function isRoom(
  { keyFingerprint }: SignedMessage,
  owner: string,
  { ledger }: BookingPorts,
): Promise<boolean> {
  const [ofOwner, ofKey] = await Promise.all([
    ledger.list('signature', { by: 'refused', equal: [owner], limit: mostRefused.ofOwner }),
    ledger.list('signature', { by: 'key', equal: [keyFingerprint], limit: 1000 }),
  ])
  const refused = ofKey.items.filter(({ refusedOf }) => refusedOf !== null)
  return ofOwner.items.length < mostRefused.ofOwner && refused.length < mostRefused.ofKey
}
