// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Stored, Upload } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { OctetsGuard } from './ports.ts'
import { storedOf, wanting } from './stored.ts'
import {
  type HeldUpload,
  holdUpload,
  idleHours,
  notHere,
  placeOf,
  refuseEnded,
  type UploadPorts,
} from './upload-hold.ts'

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
    ...{ begunOn: ports.node, hold: null, takenOver: false },
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
    const offset = await placeOf(upload, ports)
    if (offset !== undefined) return { upload, offset }
  }
  return undefined
}

/** How far an upload is. */
export async function uploadProgress(
  upload: Upload,
  ports: UploadPorts,
): Promise<{ readonly kind: 'at'; readonly offset: number } | Refused> {
  if (upload.state === 'done') return { kind: 'at', offset: upload.octets }
  if (upload.state === 'ended') return refuseEnded(upload.id, upload)
  const offset = await placeOf(upload, ports)
  return offset === undefined ? notHere(upload) : { kind: 'at', offset }
}

export type Appending =
  | { readonly kind: 'open'; readonly upload: Upload; readonly offset: number }
  | { readonly kind: 'stored'; readonly upload: Upload; readonly stored: Stored }
  | Refused

/**
 * Adds what comes to an upload; with its last octet the digest is compared, and the octets are kept under it.
 *
 * What is answered is durable. What came before a sender broke off is durable, too, and is not sent again. Of two who
 * add to one upload, on whatever servers, one is refused.
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
  if (upload.state !== 'open') return refuseEnded(upload.id, upload)
  const full = await checkRoom(upload.octets - offset, ports)
  if (full !== undefined) return full
  const held = await holdUpload(upload.id, ports)
  if (held.kind === 'refused') return held
  const { hold } = held
  try {
    const added = await ports.artefacts.append(
      ...([upload.id, offset, hold.guard(chunks), upload.octets] as const),
    )
    if (added.kind === 'appended') return await go(upload, added, hold, actor, ports)
    await hold.end()
    if (added.kind === 'busy')
      return refuse('busy', `something is being added to ${upload.id} already`)
    return added.offset < 0
      ? notHere(upload)
      : refuse('upload-offset-differs', `${upload.id} is at ${added.offset}, not at ${offset}`)
  } catch (error) {
    // Others need not wait for what will not come; if this breaks, too, the hold ends by itself.
    await hold.end().catch(() => undefined)
    if (!(error instanceof Fault) || error.code !== 'store-full') throw error
    return refuse(
      'store-full',
      `the disk of the server is full; what came of ${upload.id} stays: free space, and go on where it is`,
    )
  }
}

/** What follows on octets that were added: nothing, the end of an upload that is whole, or that of one that is wrong. */
async function go(
  upload: Upload,
  { offset, wasMore }: { readonly offset: number; readonly wasMore: boolean },
  hold: HeldUpload,
  actor: Actor,
  ports: UploadPorts,
): Promise<Appending> {
  if (wasMore) return refusedOctets(upload, `more than ${upload.octets} octets`, hold, actor, ports)
  if (offset === upload.octets) return finish(upload, hold, actor, ports)
  const ended = await hold.end()
  return 'reason' in ended ? ended : { kind: 'open', upload: ended, offset }
}

async function finish(
  upload: Upload,
  hold: HeldUpload,
  actor: Actor,
  ports: UploadPorts,
): Promise<Appending> {
  const { artefacts, ledger, clock } = ports
  // Of an image of gigabytes it takes minutes to read what other servers added: signs of life are given all the while.
  const kept = await keepWhole(upload, ports, (chunks) => hold.guard(chunks))
  const wrong = kept.sha256.toHex() !== upload.sha256.toHex()
  if (wrong)
    return refusedOctets(
      upload,
      `they have SHA-256 ${kept.sha256.toHex()}, announced was ${upload.sha256.toHex()}`,
      ...([hold, actor, ports] as const),
    )
  // Octets first, then the record that says so: what is told to be here is here, whatever is cut off.
  const put = await wanting(kept, actor.id, ports)
  const { name, octets } = upload
  const done = await hold.end(
    { state: 'done' },
    {
      puts: [put],
      events: [
        {
          ...{ type: 'artefact-stored', at: clock.now(), actor },
          subjects: [put.record.id, upload.id],
          facts: { name, octets, sha256: kept.sha256.toHex() },
        },
      ],
    },
  )
  if ('reason' in done) return done
  // Who let go of the same octets a moment ago may have removed them under our hands.
  if ((await artefacts.size(kept.sha256)) === undefined) await keepWhole(upload, ports)
  await artefacts.abandon(upload.id)
  const stored = await storedOf(kept.sha256, ledger)
  if (stored === undefined) throw new TypeError('octets that were just booked are not known')
  return { kind: 'stored', upload: done, stored }
}

/** What was taken over may still be open elsewhere: only a file of its own is as it was read. */
async function keepWhole(
  { id, sha256 }: Upload,
  { artefacts, ledger }: UploadPorts,
  guard?: OctetsGuard,
) {
  const now = await ledger.read('upload', id)
  return artefacts.finish(id, sha256, now?.takenOver === true ? 'anew' : 'as-it-is', guard)
}

/** What is not what its sender said is removed, and that is told. */
async function refusedOctets(
  upload: Upload,
  what: string,
  hold: HeldUpload,
  actor: Actor,
  ports: UploadPorts,
): Promise<Refused> {
  const { name, octets, sha256 } = upload
  const done = await hold.end(
    { state: 'ended' },
    {
      puts: [],
      events: [
        {
          ...{ type: 'artefact-refused', at: ports.clock.now(), actor, subjects: [upload.id] },
          facts: { name, octets, sha256: sha256.toHex(), what },
        },
      ],
    },
  )
  if ('reason' in done) return done
  await ports.artefacts.abandon(upload.id)
  return refuse('artefact-digest-differs', `${name}: ${what}; the octets were removed`)
}

/** Gives an upload up; what is here of it is removed. */
export async function abandonUpload(
  upload: Upload,
  actor: Actor,
  { ledger, artefacts }: UploadPorts,
): Promise<Refused | undefined> {
  if (upload.startedBy !== actor.id)
    return refuse('not-permitted', `${upload.id} was begun by somebody else`)
  if (upload.state !== 'open') return refuseEnded(upload.id, upload)
  const refused = await settle({ puts: [ended(upload)], events: [] }, ledger)
  if (refused === undefined) await artefacts.abandon(upload.id)
  return refused
}

/** An upload to which nothing is added any more. */
export function ended(upload: Upload): Put {
  return { kind: 'upload', record: { ...upload, version: upload.version + 1, state: 'ended' } }
}
