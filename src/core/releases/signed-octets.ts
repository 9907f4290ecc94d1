// SPDX-License-Identifier: Apache-2.0
import { memorySource } from '#format/archive/byte-source.ts'
import type { SignedArtefactRecord } from '../ledger/tables.ts'
import type { ArtefactStore, OpenOctets } from './ports.ts'

/**
 * The octets that came out of a signing; undefined: they are not here. A signature over a digest stands in its record,
 * so that one commit is all that it waits for; all else is kept by its digest. MUST be closed.
 */
export async function openSigned(
  { sha256, signature }: Pick<SignedArtefactRecord, 'sha256' | 'signature'>,
  artefacts: Pick<ArtefactStore, 'open'>,
): Promise<OpenOctets | undefined> {
  return signature === null
    ? artefacts.open(sha256)
    : { source: memorySource(signature), octets: signature.length, close: async () => {} }
}
