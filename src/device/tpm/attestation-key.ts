// SPDX-License-Identifier: Apache-2.0
import { create, load } from '#format/tpm/command/objects.ts'
import { shownHandle } from '#format/tpm/handles.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import { nameOf } from '#trust/tpm/name.ts'
import { attestationKeyTemplate } from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import type { Files } from '../state/files.ts'
import type { TpmVisit } from './conversation.ts'
import { sameButKey } from './endorsement.ts'
import { attestationHandle, keepAt, writeEntry } from './handle-book.ts'
import { findStorageRoot, publicAt } from './storage-root.ts'

export interface AttestationKey {
  readonly handle: number
  readonly public: TpmPublic
  readonly name: Uint8Array
}

/**
 * The key that attests, at its handle; made there if nobody made it yet.
 *
 * One like it that is there already is taken over, whoever made it: it signs nothing but what the TPM itself says.
 *
 * @throws DeviceFault `tpm-handle-taken` if something else is there
 */
export async function findAttestationKey(visit: TpmVisit, files: Files): Promise<AttestationKey> {
  const found = await publicAt(visit, attestationHandle)
  if (found !== undefined) {
    if (!sameButKey(found, attestationKeyTemplate))
      throw new DeviceFault(
        'tpm-handle-taken',
        `what is at ${shownHandle(attestationHandle)} is no attestation key`,
      )
    const name = nameOf(found)
    writeEntry(files, attestationHandle, name)
    return { handle: attestationHandle, public: found, name }
  }
  const parent = await findStorageRoot(visit)
  const made = await visit.ask(create(parent, attestationKeyTemplate))
  const loaded = await visit.ask(load(parent, made))
  visit.dropAtEnd(loaded.handle)
  writeEntry(files, attestationHandle, undefined)
  const handle = await keepAt(visit, files, [attestationHandle], loaded.handle, loaded.name)
  return { handle, public: made.public, name: loaded.name }
}
