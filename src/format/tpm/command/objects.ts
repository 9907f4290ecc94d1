// SPDX-License-Identifier: Apache-2.0
/** Commands that make, load, keep and drop keys. Part 3 sections 12, 24 and 28. */
import { maxDigestOctets } from '../algorithms.ts'
import { type Hierarchy, hierarchies } from '../handles.ts'
import { maxTpmBytes, type TpmReader } from '../reader.ts'
import { mostNameOctets } from '../structure/attest.ts'
import { parsePublic, type TpmPublic, writeSizedPublic } from '../structure/public.ts'
import type { TpmWriter } from '../writer.ts'
import { type Authorization, makeCommand, noPassword, type TpmCommand } from './command.ts'

/** A key that was made and is loaded until it is flushed. */
export interface CreatedPrimary {
  readonly handle: number
  readonly public: TpmPublic
  /** TPMT_PUBLIC as the TPM wrote it: of these bytes its Name is made. */
  readonly publicBytes: Uint8Array
  readonly name: Uint8Array
}

/** A key that was made under a parent, and is not loaded: whoever keeps it keeps both parts. */
export interface CreatedObject {
  /** TPM2B_PRIVATE content: encrypted by the parent, so only this TPM can load it. */
  readonly private: Uint8Array
  readonly public: TpmPublic
  readonly publicBytes: Uint8Array
}

const noAuth = new Uint8Array()

/** TPM2_CreatePrimary: derives a key from a hierarchy's seed; the same template always gives the same key. */
export function createPrimary(
  hierarchy: Hierarchy,
  template: TpmPublic,
  authorization: Authorization = noPassword,
): TpmCommand<CreatedPrimary> {
  return makeCommand({
    name: 'TPM2_CreatePrimary',
    code: 0x131,
    handles: [hierarchies[hierarchy]],
    authorizations: [authorization],
    parameters: (writer) => writeCreation(writer, template, noAuth),
    answersHandle: true,
    read(reader, handle) {
      const { public: made, publicBytes } = readBothPublic(reader)
      skipCreation(reader)
      return { handle, public: made, publicBytes, name: reader.sized(mostNameOctets) }
    },
  })
}

/**
 * TPM2_Create: makes a key under a loaded storage key.
 *
 * @param keyPassword of the new key; a TPM strips trailing zeros
 */
export function create(
  parent: number,
  template: TpmPublic,
  keyPassword: Uint8Array = noAuth,
  authorization: Authorization = noPassword,
): TpmCommand<CreatedObject> {
  return makeCommand({
    name: 'TPM2_Create',
    code: 0x153,
    handles: [parent],
    authorizations: [authorization],
    parameters: (writer) => writeCreation(writer, template, keyPassword),
    read(reader) {
      const wrapped = reader.sized(maxTpmBytes)
      const made = readBothPublic(reader)
      skipCreation(reader)
      return { private: wrapped, ...made }
    },
  })
}

/** inSensitive, inPublic, outsideInfo, creationPCR: of the creation itself we ask no proof. */
function writeCreation(writer: TpmWriter, template: TpmPublic, password: Uint8Array): void {
  writer.inside(() => {
    writer.sized(password)
    writer.sized(noAuth)
  })
  writeSizedPublic(writer, template)
  writer.sized(noAuth)
  writer.uint32(0)
}

/** creationData, creationHash, creationTicket. Part 2 sections 15.2, 10.7.5. */
function skipCreation(reader: TpmReader): void {
  reader.sized(maxTpmBytes)
  reader.sized(maxDigestOctets)
  reader.uint16()
  reader.uint32()
  reader.sized(maxDigestOctets)
}

function readBothPublic(reader: TpmReader) {
  const publicBytes = reader.sized(maxTpmBytes)
  return { public: parsePublic(publicBytes), publicBytes }
}

/** TPM2_Load: what TPM2_Create gave, under the same parent. */
export function load(
  parent: number,
  { private: wrapped, publicBytes }: Pick<CreatedObject, 'private' | 'publicBytes'>,
  authorization: Authorization = noPassword,
): TpmCommand<{ readonly handle: number; readonly name: Uint8Array }> {
  return makeCommand({
    name: 'TPM2_Load',
    code: 0x157,
    handles: [parent],
    authorizations: [authorization],
    parameters(writer) {
      writer.sized(wrapped)
      writer.sized(publicBytes)
    },
    answersHandle: true,
    read: (reader, handle) => ({ handle, name: reader.sized(mostNameOctets) }),
  })
}

/** TPM2_ReadPublic. */
export function readPublicArea(handle: number): TpmCommand<{
  readonly public: TpmPublic
  readonly publicBytes: Uint8Array
  readonly name: Uint8Array
  readonly qualifiedName: Uint8Array
}> {
  return makeCommand({
    name: 'TPM2_ReadPublic',
    code: 0x173,
    handles: [handle],
    read(reader) {
      const both = readBothPublic(reader)
      const name = reader.sized(mostNameOctets)
      return { ...both, name, qualifiedName: reader.sized(mostNameOctets) }
    },
  })
}

/** TPM2_EvictControl: keeps a loaded object at a persistent handle, or drops the one that is there. */
export function evictControl(
  object: number,
  persistent: number,
  authorization: Authorization = noPassword,
): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_EvictControl',
    code: 0x120,
    handles: [hierarchies.owner, object],
    authorizations: [authorization],
    parameters: (writer) => writer.uint32(persistent),
    read: () => {},
  })
}

/** TPM2_FlushContext: drops a loaded object or session. */
export function flushContext(handle: number): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_FlushContext',
    code: 0x165,
    parameters: (writer) => writer.uint32(handle),
    read: () => {},
  })
}
