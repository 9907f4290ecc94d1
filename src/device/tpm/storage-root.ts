// SPDX-License-Identifier: Apache-2.0
import { createPrimary, evictControl, readPublicArea } from '#format/tpm/command/objects.ts'
import { shownHandle } from '#format/tpm/handles.ts'
import type { TpmPublic } from '#format/tpm/structure/public.ts'
import { attributesFault } from '#trust/tpm/attributes.ts'
import { storageRootHandle, storageRootTemplate } from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import { isNothingThere, type TpmVisit } from './conversation.ts'

/**
 * The storage root key at its usual handle; made there if nobody made it yet.
 *
 * One that is there belongs to the whole machine: it is used as it is, if it keeps keys from leaving the TPM.
 */
export async function findStorageRoot(visit: TpmVisit): Promise<number> {
  const found = await publicAt(visit, storageRootHandle)
  if (found === undefined) {
    const { handle } = await visit.ask(createPrimary('owner', storageRootTemplate))
    visit.dropAtEnd(handle)
    await visit.ask(evictControl(handle, storageRootHandle))
    await visit.drop(handle)
    return storageRootHandle
  }
  const fault = attributesFault(found.attributes, {
    set: ['fixedTPM', 'fixedParent', 'restricted', 'decrypt'],
    clear: ['sign'],
  })
  if (fault === undefined) return storageRootHandle
  throw new DeviceFault(
    'tpm-handle-taken',
    `the key at ${shownHandle(storageRootHandle)} is no storage root key: it ${fault}`,
  )
}

/** What is at a persistent handle, if anything is. */
export async function publicAt(visit: TpmVisit, handle: number): Promise<TpmPublic | undefined> {
  try {
    return (await visit.ask(readPublicArea(handle))).public
  } catch (error) {
    if (isNothingThere(error)) return undefined
    throw error
  }
}
