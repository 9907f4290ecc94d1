// SPDX-License-Identifier: Apache-2.0
import { sha256 as sha256Of } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { ArtefactKey, ReleasePart, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { openSigned } from '../releases/signed-octets.ts'
import { exceptionsOf } from './key-exceptions.ts'
import type { ReleaseInHand } from './releases-in-hand.ts'
import type { ReleaseSigningPorts } from './sign-release.ts'
import { checkKeysAgain, type UsableKey } from './usable-keys.ts'

export type DigestSigned =
  | {
      readonly kind: 'signed'
      /** As X.509 has it: ECDSA in DER. */
      readonly signature: Uint8Array
      readonly record: SignedArtefactRecord
      readonly isRepeated: boolean
    }
  | Refused

const always = () => true

/** What is signed was judged when it was signed, and stays so, unless who reviewed it since did not agree. */
export function judged(hand: ReleaseInHand, ports: ReleaseSigningPorts) {
  const { release } = hand
  return release.state === 'approved'
    ? ports.judge(release, hand)
    : ports.refuseDisputed(release, hand)
}

/** A bare signature that was made, and what it belongs to. */
export interface MadeSignature {
  readonly hand: ReleaseInHand
  readonly part: ReleasePart
  readonly name: string
  readonly usable: UsableKey
  readonly signature: Uint8Array
  /** Beside those of every signature over a digest. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/**
 * Keeps a signature under its name in the release; whoever else made it at the same moment is believed instead. What
 * changed while the key and who stamps time were asked, which may take as long as a module or a network does, counts.
 */
export async function bookSignature(
  { hand, part, name, usable, signature, facts = {} }: MadeSignature,
  actor: Actor,
  ports: ReleaseSigningPorts,
): Promise<DigestSigned> {
  const { ledger, clock } = ports
  const { release } = hand
  const sha256 = sha256Of(signature)
  const stamped =
    release.environment === 'production' ? await ports.stamps.stamp(sha256) : undefined
  if (stamped?.kind === 'refused') return refuse('stamper-missing', stamped.detail)
  const no = (await checkKeysAgain([usable], ledger)) ?? (await judgedAgain(hand, ports))
  if (no !== undefined) return no
  const exceptions = await hand.know(
    `exceptions ${usable.key.id}`,
    () => exceptionsOf([usable], ledger),
    always,
  )
  const record: SignedArtefactRecord = {
    ...{ id: newId('signedArtefact', ports), version: 1, release: release.id, part: part.id },
    ...{ form: 'raw', name, sourceSha256: part.sha256, keys: [usable.key.id] },
    ...{ sha256, octets: signature.length, signature },
    timeStamp: stamped?.token ?? null,
    facts: {
      ...{ algorithms: [usable.signer.algorithm], keyNames: [usable.key.name], byDigest: true },
      ...(exceptions.length > 0 && { exceptions }),
      ...facts,
    },
    ...{ signedBy: actor.id, signedAt: clock.now() },
  }
  const event: AuditEvent = {
    ...{ type: 'digest-signed', at: record.signedAt, actor },
    subjects: [record.id, release.id, part.id, usable.key.id],
    facts: {
      ...{ name, digest: part.sha256.toHex(), sha256: sha256.toHex(), ...facts },
      by: usable.key.name,
      ...(exceptions.length > 0 && { exceptions: exceptions.join('; ') }),
    },
  }
  const booked = await ports.bookings.book({ release, record, event }, ports)
  if (booked.kind === 'refused') return booked
  return booked.kind === 'there'
    ? repeatedSignature(booked.record, { part, key: usable.key }, ports)
    : { kind: 'signed', signature, record, isRepeated: false }
}

async function judgedAgain(
  hand: ReleaseInHand,
  ports: ReleaseSigningPorts,
): Promise<Refused | undefined> {
  const now = await ports.inHand.of(hand.release)
  return now === hand ? undefined : judged(now, ports)
}

/** The signature that was made before, of this by this key: what has its name may be another, since names have dots. */
export async function repeatedSignature(
  record: SignedArtefactRecord,
  { part, key }: { readonly part: ReleasePart; readonly key: ArtefactKey },
  { artefacts }: ReleaseSigningPorts,
): Promise<DigestSigned> {
  if (record.part !== part.id || !record.keys.includes(key.id))
    return refuse(
      'exists-already',
      `${record.name} is the signature of something else in this release: call the artefact ${part.name} or the key ${key.name} otherwise in the next one`,
    )
  const open = await openSigned(record, artefacts)
  if (open === undefined) return refuse('artefact-missing', `the octets of ${record.name} are gone`)
  try {
    const signature = (await open.source.read(0, open.octets)).slice()
    return { kind: 'signed', signature, record, isRepeated: true }
  } finally {
    await open.close()
  }
}
