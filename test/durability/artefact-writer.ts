// SPDX-License-Identifier: Apache-2.0
/** Appends to an upload for ever and says, after each append, how far it is: to be killed. */

import { openArtefactDirectory } from '#edge/artefacts/directory-store.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'

export const upload = `upl_${'7'.repeat(32)}`

/** The octets of the upload from an offset on: each can be told from its place. */
export function octetsOf(from: number, to: number): Uint8Array {
  return Uint8Array.from({ length: to - from }, (_, index) => ((from + index) * 31) % 251)
}

async function* chunk(from: number): AsyncGenerator<Uint8Array> {
  yield octetsOf(from, from + 40_000)
}

if (import.meta.main) {
  const store = await openArtefactDirectory(process.argv[2] ?? '', systemRandomness)
  await store.begin(upload)
  for (let offset = 0; ; ) {
    const added = await store.append(upload, offset, chunk(offset), Number.MAX_SAFE_INTEGER)
    if (added.kind !== 'appended') throw new Error(added.kind)
    offset = added.offset
    process.stdout.write(`${offset}\n`)
  }
}
