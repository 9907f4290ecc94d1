// SPDX-License-Identifier: Apache-2.0
import { memorySource } from '#format/archive/byte-source.ts'
import type { ArtefactStore, OpenOctets } from '../releases/ports.ts'
import { largeOctets } from './side-by-side.ts'

/**
 * Octets with this digest, those of a small artefact in memory: a form asks for dozens of pieces, and each would be a
 * turn of its own at the disk. What is held against the digest then is the very array that is signed. MUST be closed.
 */
export async function openWhole(
  sha256: Uint8Array,
  artefacts: Pick<ArtefactStore, 'open'>,
): Promise<OpenOctets | undefined> {
  const open = await artefacts.open(sha256)
  if (open === undefined || open.octets > largeOctets) return open
  try {
    const bytes = (await open.source.read(0, open.octets)).slice()
    return { source: memorySource(bytes), octets: open.octets, close: async () => {} }
  } finally {
    await open.close()
  }
}
