// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Stored, Upload } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { ReleasePorts } from './ports.ts'
import { storedOf, wanting } from './stored.ts'

type UploadPorts = Omit<ReleasePorts, 'environment'>

/** So long nothing may come before what is here of an upload is removed: a weekend, and the day after. */
export const idleHours = 72

export interface UploadAsked {
  readonly name: string
  readonly octets: number
  readonly sha256: Uint8Array
}

/** An upload and how far it is; `upload` is null where nothing need be sent, since the octets are here. */
export type UploadBegun =
  | { readonly kind: 'open'; readonly upload: Upload; readonly offset: number }
  | { readonly kind: 'stored'; readonly stored: Stored }
  | Refused

/**
 * Begins an upload, or goes on with the one that the same sender began of the same octets.
 *
 * @param most how large an artefact may be here, in octets
 * @param mayName whether the sender may hear that octets with this digest are here; else they are sent once more
 */
export async function beginUpload(
  asked: UploadAsked,
  most: number,
  actor: Actor,
  ports: UploadPorts,
  mayName: (sha256: Uint8Array) => Promise<boolean> = async () => true,
): Promise<UploadBegun> {
  const { ledger, artefacts, clock } = ports
  const { octets, sha256 } = asked
  if (octets > most)
    return refuse('artefact-too-large', `${octets} octets, an artefact has ${most} at most here`)
  const stored = await storedOf(sha256, ledger)
  const isHere = stored?.state === 'kept' && (await artefacts.size(sha256)) === octets
  if (isHere && (await mayName(sha256))) {
    const put = await wanting({ sha256, octets }, actor.id, ports)
    const refused = await settle({ puts: [put], events: [] }, ledger)
    return refused ?? { kind: 'stored', stored }
  }
  const open = await openUploadOf(asked, actor, ports)
  if (open !== undefined) return { kind: 'open', ...open }
  const full = await checkRoom(octets, ports)
  if (full !== undefined) return full
  const now = clock.now()
  const upload: Upload = {
    ...{ id: newId('upload', ports), version: 1, ...asked, state: 'open', startedBy: actor.id },
    ...{ startedAt: now, expiresAt: now.add({ hours: idleHours }) },
  }
  await artefacts.begin(upload.id)
  const refused = await settle({ puts: [{ kind: 'upload', record: upload }], events: [] }, ledger)
  return refused ?? { kind: 'open', upload, offset: 0 }
}

/** Asked before octets are taken, so that a disk that artefacts fill still holds the ledger. */
async function checkRoom(
  octets: number,
  { artefacts }: Pick<UploadPorts, 'artefacts'>,
): Promise<Refused | undefined> {
  const room = await artefacts.room()
  return room === undefined || room >= octets
    ? undefined
    : refuse(
        'store-full',
        `${octets} octets more, and there is room for ${room}; nothing was taken`,
      )
}

async function openUploadOf({ octets, sha256 }: UploadAsked, actor: Actor, ports: UploadPorts) {
  const { items } = await ports.ledger.list('upload', {
    ...{ by: 'by', equal: [actor.id, sha256], limit: 100 },
  })
  for (const upload of items) {
    if (upload.state !== 'open' || upload.octets !== octets) continue
    const offset = await ports.artefacts.offset(upload.id)
    if (offset !== undefined) return { upload, offset }
  }
  return undefined
}

/** How far an upload is. */
export async function uploadProgress(
  upload: Upload,
  { artefacts }: Pick<UploadPorts, 'artefacts'>,
): Promise<{ readonly kind: 'at'; readonly offset: number } | Refused> {
  if (upload.state === 'done') return { kind: 'at', offset: upload.octets }
  if (upload.state === 'ended')
    return refuse('upload-ended', `${upload.id} was given up, was idle for too long, or was wrong`)
  const offset = await artefacts.offset(upload.id)
  return offset === undefined
    ? refuse('upload-not-here', `nothing of ${upload.id} is on this server`)
    : { kind: 'at', offset }
}

export type Appending =
  | { readonly kind: 'open'; readonly upload: Upload; readonly offset: number }
  | { readonly kind: 'stored'; readonly upload: Upload; readonly stored: Stored }
  | Refused

/**
 * Adds what comes to an upload; with its last octet the digest is compared, and the octets are kept under it.
 *
 * What is answered is durable. What came before a sender broke off is durable, too, and is not sent again.
 */
export async function appendUpload(
  upload: Upload,
  offset: number,
  chunks: AsyncIterable<Uint8Array>,
  actor: Actor,
  ports: UploadPorts,
): Promise<Appending> {
  if (upload.startedBy !== actor.id)
    return refuse('not-permitted', `${upload.id} was begun by somebody else; begin your own`)
  if (upload.state !== 'open')
    return refuse('upload-ended', `${upload.id} is ${upload.state}; nothing is added to it`)
  const full = await checkRoom(upload.octets - offset, ports)
  if (full !== undefined) return full
  const added = await ports.artefacts.append(upload.id, offset, chunks, upload.octets)
  switch (added.kind) {
    case 'busy':
      return refuse('busy', `something is being added to ${upload.id} already`)
    case 'elsewhere':
      return added.offset < 0
        ? refuse('upload-not-here', `nothing of ${upload.id} is on this server`)
        : refuse('upload-offset-differs', `${upload.id} is at ${added.offset}, not at ${offset}`)
    case 'appended':
      if (added.wasMore)
        return refusedOctets(upload, `more than ${upload.octets} octets`, actor, ports)
      if (added.offset < upload.octets) return { kind: 'open', upload, offset: added.offset }
      return finish(upload, actor, ports)
  }
}

async function finish(upload: Upload, actor: Actor, ports: UploadPorts): Promise<Appending> {
  const { artefacts, ledger, clock } = ports
  const kept = await artefacts.finish(upload.id, upload.sha256)
  const wrong = kept.sha256.toHex() !== upload.sha256.toHex()
  if (wrong)
    return refusedOctets(
      upload,
      `they have SHA-256 ${kept.sha256.toHex()}, announced was ${upload.sha256.toHex()}`,
      actor,
      ports,
    )
  // Octets first, then the record that says so: what is told to be here is here, whatever is cut off.
  const put = await wanting(kept, actor.id, ports)
  const done: Upload = { ...upload, version: upload.version + 1, state: 'done' }
  const { name, octets } = upload
  const refused = await settle(
    {
      puts: [put, { kind: 'upload', record: done }],
      events: [
        {
          ...{ type: 'artefact-stored', at: clock.now(), actor },
          subjects: [put.record.id, upload.id],
          facts: { name, octets, sha256: kept.sha256.toHex() },
        },
      ],
    },
    ledger,
  )
  if (refused !== undefined) return refused
  // Who let go of the same octets a moment ago may have removed them under our hands.
  if ((await artefacts.size(kept.sha256)) === undefined)
    await artefacts.finish(upload.id, upload.sha256)
  await artefacts.abandon(upload.id)
  const stored = await storedOf(kept.sha256, ledger)
  if (stored === undefined) throw new TypeError('octets that were just booked are not known')
  return { kind: 'stored', upload: done, stored }
}

/** What is not what its sender said is removed, and that is told. */
async function refusedOctets(
  upload: Upload,
  what: string,
  actor: Actor,
  ports: UploadPorts,
): Promise<Refused> {
  const { name, octets, sha256 } = upload
  const refused = await settle(
    {
      puts: [ended(upload)],
      events: [
        {
          ...{ type: 'artefact-refused', at: ports.clock.now(), actor, subjects: [upload.id] },
          facts: { name, octets, sha256: sha256.toHex(), what },
        },
      ],
    },
    ports.ledger,
  )
  await ports.artefacts.abandon(upload.id)
  return refused ?? refuse('artefact-digest-differs', `${name}: ${what}; the octets were removed`)
}

/** Gives an upload up; what is here of it is removed. */
export async function abandonUpload(
  upload: Upload,
  actor: Actor,
  { ledger, artefacts }: UploadPorts,
): Promise<Refused | undefined> {
  if (upload.startedBy !== actor.id)
    return refuse('not-permitted', `${upload.id} was begun by somebody else`)
  if (upload.state !== 'open') return refuse('upload-ended', `${upload.id} is ${upload.state}`)
  const refused = await settle({ puts: [ended(upload)], events: [] }, ledger)
  if (refused === undefined) await artefacts.abandon(upload.id)
  return refused
}

/** An upload to which nothing is added any more. */
export function ended(upload: Upload): Put {
  return { kind: 'upload', record: { ...upload, version: upload.version + 1, state: 'ended' } }
}
