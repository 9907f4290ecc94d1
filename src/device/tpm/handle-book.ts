// SPDX-License-Identifier: Apache-2.0
import { evictControl } from '#format/tpm/command/objects.ts'
import { shownHandle } from '#format/tpm/handles.ts'
import { nameOf } from '#trust/tpm/name.ts'
import { DeviceFault } from '../fault.ts'
import { type Files, replace } from '../state/files.ts'
import type { TpmVisit } from './conversation.ts'
import { publicAt } from './storage-root.ts'

/**
 * Which persistent handles are ours, and with which keys: only what stands here is ever dropped.
 *
 * A handle is written down before a key is kept at it, and crossed out after it was dropped, so that power may be cut
 * anywhere. The file is lines `HANDLE=NAME`, so that a shell reads it too.
 */
export interface HandleBook {
  /** Handle -> Name in hexadecimal. */
  readonly entries: ReadonlyMap<number, string>
}

const bookFile = 'tpm.handles'

/**
 * The handles of this program: one for the attestation key, and some for device keys, since one that comes and one
 * that goes live side by side. They lie where the owner keeps what it likes.
 *
 * @see TCG Registry of Reserved TPM 2.0 Handles and Localities section 2.3.1
 */
export const attestationHandle = 0x8100_5601
export const deviceHandles: readonly number[] = Array.from(
  { length: 6 },
  (_, index) => attestationHandle + 1 + index,
)

/** @throws DeviceFault state-damaged */
export function readBook(files: Files): HandleBook {
  const bytes = files.read(bookFile)
  const lines = new TextDecoder()
    .decode(bytes ?? new Uint8Array())
    .split('\n')
    .slice(0, -1)
  const entries = lines.map((line) => {
    const [, handle, name] = /^(0x81[0-9a-f]{6})=([0-9a-f]{4,132})$/.exec(line) ?? []
    if (handle === undefined || name === undefined)
      throw new DeviceFault('state-damaged', `${bookFile} has a line that is none of its own`)
    return [Number(handle), name] as const
  })
  return { entries: new Map(entries) }
}

export function writeEntry(files: Files, handle: number, name: Uint8Array | undefined): void {
  const entries = new Map(readBook(files).entries)
  if (name === undefined) entries.delete(handle)
  else entries.set(handle, name.toHex())
  const lines = [...entries].map(([at, of]) => `${shownHandle(at)}=${of}\n`)
  replace(files, bookFile, lines.join(''))
}

/** The Name of the key at a handle, in hexadecimal; undefined: the handle is free. */
export async function nameAt(visit: TpmVisit, handle: number): Promise<string | undefined> {
  const found = await publicAt(visit, handle)
  return found === undefined ? undefined : nameOf(found).toHex()
}

/**
 * Keeps a loaded key at the first free one of these handles.
 *
 * @throws DeviceFault `tpm-handle-taken` if others have them all
 */
export async function keepAt(
  visit: TpmVisit,
  files: Files,
  handles: readonly number[],
  loaded: number,
  name: Uint8Array,
): Promise<number> {
  for (const handle of handles) {
    if ((await nameAt(visit, handle)) !== undefined) continue
    writeEntry(files, handle, name)
    await visit.ask(evictControl(loaded, handle))
    await visit.drop(loaded)
    return handle
  }
  const taken = handles.map(shownHandle).join(', ')
  throw new DeviceFault('tpm-handle-taken', `others have keys at ${taken}`)
}

/** Of our keys at these handles, drops all but those of these Names, and crosses out what is not there any more. */
export async function dropAllBut(
  visit: TpmVisit,
  files: Files,
  kept: ReadonlySet<string>,
  handles: readonly number[],
): Promise<void> {
  for (const [handle, name] of readBook(files).entries) {
    if (!handles.includes(handle)) continue
    const there = await nameAt(visit, handle)
    if (there === name && kept.has(name)) continue
    // What others put there since is theirs.
    if (there === name) await visit.ask(evictControl(handle, handle))
    writeEntry(files, handle, undefined)
  }
}
