// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { DeviceFault } from './fault.ts'
import { readPrepared } from './request.ts'
import { type Files, sweep } from './state/files.ts'
import { fileOf, readCredential, readSettings, type Slot, trimRoots } from './state/state.ts'

/**
 * Clears away what no run can use: half-written files, an answer that cannot be read (it is asked for
 * again), a request whose key is in use already. A working identity that cannot be read is put aside
 * where a birth identity can replace it: nobody stands beside a device whose flash lost a bit.
 */
export function heal(files: Files): void {
  sweep(files)
  putDamagedAside(files)
  trim(files)
  for (const slot of ['birth', 'working'] as const) {
    if (!isReadable(files, fileOf.next(slot))) files.remove(fileOf.next(slot))
    if (isSpent(files, slot)) files.remove(fileOf.request(slot))
  }
  files.sync()
}

/** A cut in a change of roots leaves more of them in the file than the settings name. */
function trim(files: Files): void {
  try {
    const settings = readSettings(files)
    if (settings !== undefined) trimRoots(files, settings)
  } catch (error) {
    // Whoever needs the roots says what is damaged.
    if (!(error instanceof DeviceFault)) throw error
  }
}

function putDamagedAside(files: Files): void {
  const inUse = fileOf.inUse('working')
  if (isReadable(files, inUse) || files.read(fileOf.inUse('birth')) === undefined) return
  files.rename(inUse, fileOf.damaged)
}

function isReadable(files: Files, name: string): boolean {
  try {
    readCredential(files, name)
    return true
  } catch (error) {
    if (error instanceof DeviceFault) return false
    throw error
  }
}

/** A cut between the last two steps leaves a request whose key is in use: it is no request any more. */
function isSpent(files: Files, slot: Slot): boolean {
  const prepared = readPrepared(files, slot)
  if (prepared === undefined) return false
  const inUse = readCredential(files, fileOf.inUse(slot))
  return inUse !== undefined && sameBytes(prepared.publicKey, inUse.leaf.publicKey.der)
}
