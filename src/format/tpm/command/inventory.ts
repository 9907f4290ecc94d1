// SPDX-License-Identifier: Apache-2.0
/** Commands that ask what a TPM is and holds. Part 3 sections 9, 16, 22, 30 and 31. */
import { FormatError } from '#format/format-error.ts'
import { algorithmIds, hashOctets, readHash, type TpmHash } from '../algorithms.ts'
import { firstHandleOf, hierarchies } from '../handles.ts'
import { maxTpmBytes, type TpmReader } from '../reader.ts'
import {
  type PcrSelection,
  readDigests,
  readPcrSelections,
  writePcrSelections,
} from '../structure/pcr.ts'
import { type Authorization, makeCommand, noPassword, type TpmCommand } from './command.ts'

/** TPM2_Startup(CLEAR): only where no firmware and no kernel did it. */
export function startup(): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_Startup',
    code: 0x144,
    parameters: (writer) => writer.uint16(0),
    read: () => {},
  })
}

/** TPM2_GetRandom; a TPM may give fewer octets than asked for, never more than a digest. */
export function getRandom(octets: number): TpmCommand<Uint8Array> {
  return makeCommand({
    name: 'TPM2_GetRandom',
    code: 0x17b,
    parameters: (writer) => writer.uint16(octets),
    read: (reader) => reader.sized(octets),
  })
}

/** TPM_CAP. Part 2 section 6.12. */
const capabilities = { algorithms: 0, handles: 1, properties: 6, curves: 8 } as const
/** Of a list of properties or handles, as many as fit into an answer. Part 2 section 6.13: MAX_CAP_DATA. */
const mostListed = 254

/** TPM2_GetCapability(TPM_CAP_HANDLES): the handles of one kind, from the first that is asked for. */
export function listHandles(
  kind: keyof typeof firstHandleOf,
  first: number = firstHandleOf[kind],
): TpmCommand<{ readonly handles: readonly number[]; readonly hasMore: boolean }> {
  return capability(capabilities.handles, first, (reader, hasMore) => ({
    handles: reader.list((one) => one.uint32(), mostListed),
    hasMore,
  }))
}

/** TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES): numbers by their tag, from the first that is asked for. */
export function listProperties(first: number): TpmCommand<ReadonlyMap<number, number>> {
  return capability(
    capabilities.properties,
    first,
    (reader) => new Map(reader.list((one) => [one.uint32(), one.uint32()] as const, mostListed)),
  )
}

function capability<T>(
  of: number,
  first: number,
  read: (reader: TpmReader, hasMore: boolean) => T,
): TpmCommand<T> {
  return makeCommand({
    name: 'TPM2_GetCapability',
    code: 0x17a,
    parameters(writer) {
      writer.uint32(of)
      writer.uint32(first)
      writer.uint32(mostListed)
    },
    read(reader) {
      const hasMore = reader.yesNo()
      const at = reader.offset
      const answered = reader.uint32()
      if (answered !== of)
        throw new FormatError('value-not-allowed', at, `capability ${answered}, asked for ${of}`)
      return read(reader, hasMore)
    },
  })
}

/** TPM_PT: what a TPM is, and how it stands. Part 2 section 6.13. */
export const properties = {
  family: 0x100,
  level: 0x101,
  revision: 0x102,
  manufacturer: 0x105,
  vendorString1: 0x106,
  firmwareVersion1: 0x10b,
  firmwareVersion2: 0x10c,
  /** PT_VAR: TPMA_PERMANENT. */
  permanent: 0x200,
} as const

/** TPMS_NV_PUBLIC: what is known of a memory area. Part 2 section 13.6. */
export interface NvPublic {
  readonly index: number
  readonly nameAlgorithm: TpmHash
  readonly attributes: number
  readonly authPolicy: Uint8Array
  readonly octets: number
}

/** TPM2_NV_ReadPublic. */
export function nvReadPublic(index: number): TpmCommand<NvPublic> {
  return makeCommand({
    name: 'TPM2_NV_ReadPublic',
    code: 0x169,
    handles: [index],
    read(reader) {
      const found = reader.inside((inner) => ({
        index: inner.uint32(),
        nameAlgorithm: readHash(inner),
        attributes: inner.uint32(),
        authPolicy: inner.sized(hashOctets.sha512),
        octets: inner.uint16(),
      }))
      reader.sized(maxTpmBytes)
      return found
    },
  })
}

/** TPM2_NV_Read by the owner's right; at most NV_BUFFER_MAX octets at once, of which 512 are safe everywhere. */
export function nvRead(
  index: number,
  offset: number,
  octets: number,
  authorization: Authorization = noPassword,
  authHandle: number = hierarchies.owner,
): TpmCommand<Uint8Array> {
  return makeCommand({
    name: 'TPM2_NV_Read',
    code: 0x14e,
    handles: [authHandle, index],
    authorizations: [authorization],
    parameters(writer) {
      writer.uint16(octets)
      writer.uint16(offset)
    },
    read: (reader) => reader.sized(octets),
  })
}

/** What registers hold: as many of those asked for as fit into eight digests. */
export interface PcrValues {
  readonly selections: readonly PcrSelection[]
  readonly digests: readonly Uint8Array[]
}

/** TPM2_PCR_Read. */
export function pcrRead(selections: readonly PcrSelection[]): TpmCommand<PcrValues> {
  return makeCommand({
    name: 'TPM2_PCR_Read',
    code: 0x17e,
    parameters: (writer) => writePcrSelections(writer, selections),
    read(reader) {
      reader.uint32()
      return { selections: readPcrSelections(reader), digests: readDigests(reader) }
    },
  })
}

/** TPM2_PCR_Extend, for tests and for who measures: the register becomes a hash of itself and the digest. */
export function pcrExtend(
  register: number,
  bank: TpmHash,
  digest: Uint8Array,
  authorization: Authorization = noPassword,
): TpmCommand<void> {
  return makeCommand({
    name: 'TPM2_PCR_Extend',
    code: 0x182,
    handles: [register],
    authorizations: [authorization],
    parameters(writer) {
      writer.uint32(1)
      writer.uint16(algorithmIds[bank])
      writer.raw(digest)
    },
    read: () => {},
  })
}
